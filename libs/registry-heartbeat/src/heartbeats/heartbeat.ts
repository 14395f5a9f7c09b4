import type { Health } from '#skills';
import type { Beat } from '../leases/lease-store.js';

/** Measurements that a member reports about itself. */
export interface MemberMetrics {
  /** Seconds. */
  uptime?: number;
  request_count?: number;
  error_count?: number;
  /** Percent. */
  cpu_usage?: number;
  /** Percent. */
  memory_usage?: number;
}

/** The content of one heartbeat. */
export interface Heartbeat {
  skillId: string;
  /** The endpoint to renew. If undefined, all endpoints of the Skill. */
  url: string | undefined;
  generation: number | undefined;
  health: Health;
  metrics: MemberMetrics;
}

/** A heartbeat with its sender. */
export interface SentBeat extends Beat {
  /** The client that sent it. */
  actor: string;
}

export interface Renewed {
  status: 'ok';
  generation: number;
  endpointIds: readonly string[];
}

/**
 * - `ok`: renewed.
 * - `unknown`: there is no such Skill in the Spaces of the sender, or this registry does not know the registration. The
 *   member has to register again.
 * - `stale`: a newer registration has taken over.
 * - `foreign`: the Skill belongs to another client.
 * - `removed`: the endpoint was removed from the Skill. The member has to register again.
 * - `no-endpoint`: the Skill never had an endpoint with this url.
 */
export type Renewal = Renewed | { status: 'unknown' | 'stale' | 'foreign' | 'removed' | 'no-endpoint' };
