import type { Caller } from '#auth';

/** The channels that a caller may see. */
export interface Reach {
  /** Undefined: channels of all clients. */
  clientId: string | undefined;
  /** Only channels with Skills of these Spaces. Undefined: of any Space, and without a Space. */
  spaces: readonly string[] | undefined;
}

/** A client sees the channels that it created, an admin all (protocol.md section 9). */
export function callerReach(caller: Caller): Reach {
  return { clientId: caller.role === 'admin' ? undefined : caller.clientId, spaces: caller.spaces };
}

/** For the service itself. */
export const EVERYWHERE: Reach = { clientId: undefined, spaces: undefined };

/** The SQL condition for the channel `c` with id `$1`, within the reach in `$2` and `$3`. */
export const WITHIN_REACH = `c.id = $1 AND ($2::text IS NULL OR c.client_id = $2)
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM skills s WHERE s.id = c.skill_id AND s.space_id = ANY($3))
    OR EXISTS (SELECT FROM away_channels a WHERE a.channel_id = c.id AND a.space_id = ANY($3)))`;

export function reachParameters(channelId: string, { clientId, spaces }: Reach): unknown[] {
  return [channelId, clientId ?? null, spaces ?? null];
}
