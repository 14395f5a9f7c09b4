import type { Health } from '#skills';

/** An endpoint that holds a lease, or held one. */
export interface LeasedEndpoint {
  endpointId: string;
  url: string;
  /** The generation of the registration that this lease belongs to. */
  generation: number;
  /** The health that its member last reported; `healthy` by default. */
  reported: Health;
  /** False if the lease has ended and PostgreSQL has recorded that. */
  live: boolean;
}

/** Endpoints of one Skill that hold or held a lease. */
export interface LeasedSkill {
  skillId: string;
  /** The client that registered it. */
  owner: string;
  endpoints: readonly LeasedEndpoint[];
  /** True if `endpoints` lists all endpoints of the Skill. The store then forgets any others. */
  isWhole?: boolean;
}

/** One heartbeat. */
export interface Beat {
  skillId: string;
  /** The endpoint to renew. If absent, all endpoints of the Skill. */
  url?: string | undefined;
  /** Fencing: the generation of the member's registration. Not checked if absent. */
  generation?: number | undefined;
  /** The only client whose Skills this heartbeat may renew. If absent, any Skill. */
  boundTo?: string | undefined;
  /** Health that the member reports. */
  health: Health;
}

/** An endpoint that was renewed. */
export interface RenewedEndpoint {
  endpointId: string;
  /** True if the lease was overdue or had ended: PostgreSQL may record a worse health than the present one. */
  wasLate: boolean;
  /** The health that its member reported before this heartbeat. */
  reportedBefore: Health;
}

/**
 * - `renewed`: the lease lasts its full time from now. `generation` is the highest of the renewed endpoints.
 * - `missing`: the store does not know the Skill or the url, or only an older generation. PostgreSQL has to decide.
 * - `stale`: the endpoint belongs to a newer registration. Without a url: at least one endpoint of the Skill does, and none
 *   has the generation of the heartbeat. Nothing was renewed.
 * - `foreign`: the Skill belongs to another client than `boundTo`. Nothing was renewed.
 */
export type RenewOutcome =
  | { status: 'renewed'; generation: number; endpoints: RenewedEndpoint[] }
  | { status: 'missing' }
  | { status: 'stale' }
  | { status: 'foreign' };

/** A renewal that changed only the time. */
export interface SteadyRenewal {
  generation: number;
  endpointIds: string[];
}

/** A lease, for the sweeper. */
export interface LeaseRef {
  skillId: string;
  endpointId: string;
  /** When it was renewed last, in milliseconds of the store's clock. */
  renewedAt: number;
}

/** Numbers of leases. */
export interface LeaseCensus {
  /** Renewed in time, as far as the last sweep knows. */
  onTime: number;
  /** Not renewed within `warnAfter`, and not ended. */
  overdue: number;
  /** Part of both: leases that end within one interval, or should have ended already, unless a heartbeat comes. */
  expiring: number;
}

/** State that the sweepers of all replicas share. Times are milliseconds of the store's clock; 0 if never set. */
export interface SweepMarks {
  /** No lease ends before this time. */
  graceUntil: number;
  /** Since this time, too many leases would end at once. */
  threatenedSince: number;
  /** True while self-preservation lets no lease end. */
  frozen: boolean;
  /** True if the store has every lease in PostgreSQL; false if it is new or has lost its data. */
  complete: boolean;
}

export interface SweepState extends SweepMarks {
  now: number;
  /** Time of the last `beginSweep`. */
  sweptAt: number;
}

/**
 * Stores leases: when each endpoint was last renewed. There are two implementations, Redis and in-process. Both must pass
 * lease-store.*.contract.spec.ts. The constructor gets the terms (interval, warnAfter, ttl).
 *
 * All times use the store's clock: the server time of Redis, or the monotonic clock of the process. PostgreSQL holds the
 * registrations, and the service rebuilds lost leases from them. Every method may reject while the store is unavailable;
 * the store may or may not have made the change then.
 *
 * A lease is on time, overdue (`claimExpired`) or ended (`settle`). A heartbeat or a newer registration makes an overdue or
 * ended lease on time again. `asOf` is the time of `beginSweep`, so a clock change during a sweep has no effect.
 */
export abstract class LeaseStore {
  /** Renews many leases in one round trip. The outcomes are in the order of the heartbeats. */
  abstract renew(beats: readonly Beat[]): Promise<RenewOutcome[]>;

  /**
   * Renews synchronously if the leases are in this process, all are on time, and no health changes. Otherwise does nothing
   * and returns undefined; call `renew` then.
   */
  renewSteady(_beat: Beat): SteadyRenewal | undefined {
    return undefined;
  }

  /**
   * Adds leases. An endpoint that the store does not know, or knows with an older generation, gets a full lease from now if
   * it is `live`, and counts as ended otherwise. A known endpoint of the same generation that is `live` but has no lease
   * here gets a full lease too. All other endpoints stay as they are, so a late call never undoes a newer one. Endpoints
   * that are not listed stay, unless the Skill `isWhole`.
   */
  abstract open(skills: readonly LeasedSkill[]): Promise<void>;

  /** Removes all data of these Skills. */
  abstract forget(skillIds: readonly string[]): Promise<void>;

  /** Returns the milliseconds until each lease of a Skill ends, by endpoint id. Negative if it should have ended already. */
  abstract remaining(skillId: string): Promise<Map<string, number>>;

  /** Counts the leases. */
  abstract census(asOf: number): Promise<LeaseCensus>;

  /**
   * Claims up to `limit` leases that were not renewed for `warnAfter`, oldest renewal first. They are overdue from now on;
   * no other call claims them again.
   */
  abstract claimExpired(asOf: number, limit: number): Promise<LeaseRef[]>;

  /** Releases claimed leases, all by default: they are on time again, keep their time of renewal, and can be claimed again. */
  abstract release(leases?: readonly LeaseRef[]): Promise<void>;

  /** Lists up to `limit` overdue leases that were not renewed for `ttl`, oldest renewal first. They stay until `settle`. */
  abstract listEnding(asOf: number, limit: number): Promise<LeaseRef[]>;

  /** Removes leases that have ended in PostgreSQL, except those renewed since. */
  abstract settle(leases: readonly LeaseRef[]): Promise<void>;

  /** Gives overdue leases their full time from now, because PostgreSQL has a newer heartbeat of these members. */
  abstract extend(leases: readonly LeaseRef[]): Promise<void>;

  /** Returns the shared state and records the time of this sweep. */
  abstract beginSweep(): Promise<SweepState>;

  /** Returns the shared state. */
  abstract state(): Promise<SweepState>;

  /** Changes the shared state. */
  abstract keep(marks: Partial<SweepMarks>): Promise<void>;

  /** Sets up to `limit` times of renewal in the future to now, after the store's clock stepped back. Returns how many. */
  abstract clampToNow(limit: number): Promise<number>;
}
