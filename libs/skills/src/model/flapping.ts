/** An endpoint flaps if it became healthy again this often ... */
export const FLAPS = 3;
/** ... within this time, in minutes. */
export const FLAPPING_MINUTES = 10;

/** The condition for a row `v` of skill_events: the endpoint became healthy again lately. */
export const CAME_BACK = `v.event = 'endpoint_healthy' AND v.created_at > now() - interval '${FLAPPING_MINUTES} minutes'`;
