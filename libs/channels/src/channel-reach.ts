import type { Caller } from '#auth';

/** The channels that somebody can know of. */
export interface Reach {
  /** Those of this client; undefined: of everybody. */
  clientId: string | undefined;
  /** With Skills of these Spaces; undefined: of all, and of none. */
  spaces: readonly string[] | undefined;
}

/** A channel belongs to the client that created it, and the admin sees them all (protocol.md section 9). */
export function callerReach(caller: Caller): Reach {
  return { clientId: caller.role === 'admin' ? undefined : caller.clientId, spaces: caller.spaces };
}

/** Of the service itself. */
export const EVERYWHERE: Reach = { clientId: undefined, spaces: undefined };

/** The condition that a channel `c` is the one of `$1`, within the reach of `$2` and `$3`. */
export const REACHED = `c.id = $1 AND ($2::text IS NULL OR c.client_id = $2)
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM skills s WHERE s.id = c.skill_id AND s.space_id = ANY($3)))`;

export function reachParameters(channelId: string, { clientId, spaces }: Reach): unknown[] {
  return [channelId, clientId ?? null, spaces ?? null];
}
