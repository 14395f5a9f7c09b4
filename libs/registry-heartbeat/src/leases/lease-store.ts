import type { Health } from '#skills';

/** An endpoint that holds a lease, or held one. */
export interface LeasedEndpoint {
  endpointId: string;
  url: string;
  /** Of the registration that this lease belongs to. */
  generation: number;
  /** The health that its member last reported; `healthy` by default. */
  reported: Health;
  /** False: its lease has ended, and PostgreSQL knows. */
  live: boolean;
}

/** Endpoints of one Skill that hold or held a lease. */
export interface LeasedSkill {
  skillId: string;
  /** The client that registered it. */
  owner: string;
  endpoints: readonly LeasedEndpoint[];
  /** `endpoints` lists all endpoints of the Skill: the store forgets the others that it knows. */
  isWhole?: boolean;
}

/** One heartbeat. */
export interface Beat {
  skillId: string;
  /** Of one endpoint; all of the Skill when absent. */
  url?: string | undefined;
  /** Fencing: the registration that the member lives in; not checked when absent. */
  generation?: number | undefined;
  /** A client that may only renew what it registered itself; absent: any Skill. */
  boundTo?: string | undefined;
  /** Health that the member reports. */
  health: Health;
}

/** An endpoint that was renewed. */
export interface RenewedEndpoint {
  endpointId: string;
  /** Its lease was overdue or had ended: PostgreSQL may hold a worse health than it has now. */
  wasLate: boolean;
  /** The health that its member reported before this heartbeat. */
  reportedBefore: Health;
}

/**
 * - `renewed`: by a full lease from now; `generation` is the highest of the endpoints renewed.
 * - `missing`: the store knows no such Skill, no such url, or only an older generation: PostgreSQL decides.
 * - `stale`: the endpoint belongs to a newer registration. Without a url: an endpoint of the Skill does, and none is of
 *   the heartbeat's generation. Nothing was renewed.
 * - `foreign`: the Skill belongs to another client than `boundTo`. Nothing was renewed.
 */
export type RenewOutcome =
  | { status: 'renewed'; generation: number; endpoints: RenewedEndpoint[] }
  | { status: 'missing' }
  | { status: 'stale' }
  | { status: 'foreign' };

/** A renewal that changed nothing but the time. */
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

/** How many leases there are. */
export interface LeaseCensus {
  /** Renewed in time, as far as the last sweep knows. */
  onTime: number;
  /** Not renewed within `warnAfter`, and not ended. */
  overdue: number;
  /** Of both: end within one interval (or should have ended) unless a heartbeat comes. */
  expiring: number;
}

/** State that sweepers share. Times are milliseconds of the store's own clock; 0 when never set. */
export interface SweepMarks {
  /** No lease ends before this time. */
  graceUntil: number;
  /** Since this time self-preservation sees too many leases that would end at once. */
  threatenedSince: number;
  /** Self-preservation holds all leases. */
  frozen: boolean;
  /** The store has every lease that PostgreSQL knows; false in a store that is new or has lost its data. */
  complete: boolean;
}

export interface SweepState extends SweepMarks {
  now: number;
  /** When `beginSweep` was called before. */
  sweptAt: number;
}

/**
 * Stores leases: when each endpoint was renewed last. There are two implementations, Redis and in-process, with one
 * contract (lease-store.*.contract.spec.ts run against both). The constructor gets the terms (interval, warnAfter, ttl).
 *
 * All times are of the store's clock: the server time of Redis, the monotonic clock of the process. PostgreSQL holds the
 * registrations; the service rebuilds from it what the store loses. Every method may reject while the store is out of
 * reach; the caller then does not know what the store did.
 *
 * A lease is on time, overdue (`claimExpired`) or ended (`settle`). A heartbeat or a newer registration brings it back on
 * time from either. `asOf` is the time of `beginSweep`, so that a clock that is set during a sweep changes nothing.
 */
export abstract class LeaseStore {
  /** Renews many leases in one round trip. The outcomes are in the order of the heartbeats. */
  abstract renew(beats: readonly Beat[]): Promise<RenewOutcome[]>;

  /**
   * Renews without waiting if the leases are in this process, all are on time, and no health changes. Returns undefined,
   * with nothing done, otherwise: call `renew`.
   */
  renewSteady(_beat: Beat): SteadyRenewal | undefined {
    return undefined;
  }

  /**
   * Adds leases. An endpoint that is new here, or of a newer generation than the one known, gets a full lease
   * from now when it is `live`, and counts as ended otherwise; so does a known one of the same generation that is `live`
   * and holds no lease here. Any other is left as it is: a late call never undoes a newer one. Endpoints not named stay,
   * unless the Skill `isWhole`.
   */
  abstract open(skills: readonly LeasedSkill[]): Promise<void>;

  /** Forgets everything about these Skills. */
  abstract forget(skillIds: readonly string[]): Promise<void>;

  /** Milliseconds that each lease of a Skill still has, by endpoint id; negative when overdue for its end. */
  abstract remaining(skillId: string): Promise<Map<string, number>>;

  abstract census(asOf: number): Promise<LeaseCensus>;

  /**
   * Claims for this sweep up to `limit` leases that were not renewed for `warnAfter`, longest silent first. They are
   * overdue from now on; no other call claims them again.
   */
  abstract claimExpired(asOf: number, limit: number): Promise<LeaseRef[]>;

  /** Releases claimed leases, by default all of them: they count as on time, keep their age, and can be claimed again. */
  abstract release(leases?: readonly LeaseRef[]): Promise<void>;

  /** Lists up to `limit` overdue leases that were not renewed for `ttl`, longest silent first. They stay until `settle`. */
  abstract listEnding(asOf: number, limit: number): Promise<LeaseRef[]>;

  /** Removes leases that have ended in PostgreSQL; leaves those that were renewed since. */
  abstract settle(leases: readonly LeaseRef[]): Promise<void>;

  /** Extends overdue leases to a full lease from now: PostgreSQL has a newer heartbeat of these members. */
  abstract extend(leases: readonly LeaseRef[]): Promise<void>;

  /** Reads the shared state and records the time of this sweep. */
  abstract beginSweep(): Promise<SweepState>;

  /** Reads the shared state. */
  abstract state(): Promise<SweepState>;

  /** Writes shared state for the next sweeps of all replicas. */
  abstract keep(marks: Partial<SweepMarks>): Promise<void>;

  /** After the store's clock stepped back: sets up to `limit` renewal times that lie in the future to now. Returns how many. */
  abstract clampToNow(limit: number): Promise<number>;
}
