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
  /** One endpoint; all endpoints of the Skill when undefined. */
  url: string | undefined;
  generation: number | undefined;
  health: Health;
  metrics: MemberMetrics;
}

/** A heartbeat with its sender, as the lease store gets it. */
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
 * - `unknown`: no such Skill in the Spaces of the sender, or a registration that this registry does not know: register again.
 * - `stale`: a newer registration has taken over.
 * - `foreign`: the Skill belongs to another client.
 * - `no-endpoint`: the Skill has no endpoint with that url.
 */
export type Renewal = Renewed | { status: 'unknown' | 'stale' | 'foreign' | 'no-endpoint' };
