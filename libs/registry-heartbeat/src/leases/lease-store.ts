import type { Health } from '#skills';

/** An endpoint that holds a lease, or held one. */
export interface LeasedEndpoint {
  endpointId: string;
  url: string;
  /** Of the registration that this lease belongs to. */
  generation: number;
  /** What its member last said of itself; `healthy` unless it said otherwise. */
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
  /** These are all that the Skill has: others that are known are forgotten. */
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
  /** What its member reported before; differs from the beat's health when the member changed its mind. */
  reportedBefore: Health;
}

/**
 * - `renewed`: by a full lease from now; `generation` is the highest of the endpoints renewed.
 * - `missing`: the store knows no such Skill, no such url, or an older generation than the beat's: ask PostgreSQL.
 * - `stale`: the endpoint, or an endpoint of the Skill while none is of the beat's generation, belongs to a newer registration. Nothing was renewed.
 * - `foreign`: the Skill belongs to another client than `boundTo`. Nothing was renewed.
 */
export type RenewOutcome =
  | { status: 'renewed'; generation: number; endpoints: RenewedEndpoint[] }
  | { status: 'missing' }
  | { status: 'stale' }
  | { status: 'foreign' };

/** A renewal after which nothing is otherwise than before. */
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

/** What sweepers leave for each other. Times are milliseconds of the store's own clock; 0 when never set. */
export interface SweepMarks {
  /** Nothing expires before. */
  graceUntil: number;
  /** Since when self-preservation finds that too many leases would end at once. */
  threatenedSince: number;
  /** Self-preservation holds all leases. */
  frozen: boolean;
  /** Every lease that PostgreSQL knows was told; false in a store that is new or has lost its data. */
  complete: boolean;
}

export interface SweepState extends SweepMarks {
  now: number;
  /** When `beginSweep` was called before. */
  sweptAt: number;
}

/**
 * Where leases live: who was heard from, and when. Two implementations, Redis and in-process, that keep one contract
 * (lease-store.*.contract.spec.ts run against both). The terms (interval, warnAfter, ttl) are given to the constructor.
 *
 * All times are those of the store: the server time of Redis, the monotonic clock of the process. PostgreSQL stays the
 * truth of who is registered; what is lost here is rebuilt from it. Every method may reject when the store is out of
 * reach; nothing is then known of what it did.
 *
 * A lease is on time, overdue (`takeLate`) or ended (`settle`); a heartbeat, or a newer registration, brings it back on
 * time from either. `asOf` is the time of `beginSweep`: a clock that is set in the middle of a sweep changes nothing.
 */
export abstract class LeaseStore {
  /** Renews many at once: one round trip. The outcomes are in the order of the beats. */
  abstract renew(beats: readonly Beat[]): Promise<RenewOutcome[]>;

  /**
   * Renews at once what needs nobody to be asked or told: leases in this process, all on time, of members that say what
   * they said before. Undefined: nothing was done, `renew` has to.
   */
  renewSteady(_beat: Beat): SteadyRenewal | undefined {
    return undefined;
  }

  /**
   * Makes leases known. An endpoint that is new here, or of a newer generation than the one known, gets a full lease
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

  /** Makes up to `limit` leases that have been silent for `warnAfter` overdue, longest silent first. */
  abstract takeLate(asOf: number, limit: number): Promise<LeaseRef[]>;

  /** Makes these that are overdue, or all, on time again, as old as they are, so that they are taken once more. */
  abstract returnLate(leases?: readonly LeaseRef[]): Promise<void>;

  /** Up to `limit` overdue leases that have been silent for `ttl`, longest silent first. They stay until `settle`. */
  abstract expired(asOf: number, limit: number): Promise<LeaseRef[]>;

  /** These have ended: PostgreSQL knows. Any that was renewed since is left alone. */
  abstract settle(leases: readonly LeaseRef[]): Promise<void>;

  /** Gives overdue leases a full lease: their members were heard from elsewhere. */
  abstract reprieve(leases: readonly LeaseRef[]): Promise<void>;

  /** Reads what the last sweep left and marks this one. */
  abstract beginSweep(): Promise<SweepState>;

  /** What the last sweep left, without marking one. */
  abstract state(): Promise<SweepState>;

  /** Leaves something for the sweeps to come, of this replica or of another. */
  abstract keep(marks: Partial<SweepMarks>): Promise<void>;

  /** After the store's clock stepped back: up to `limit` leases renewed in the future are as if renewed now. Returns how many. */
  abstract clampToNow(limit: number): Promise<number>;
}
