import type { TargetEndpoint } from '../targets/target.js';

/** Tries that are kept of one execution: the newest. */
export const MAX_TRIES_KEPT = 20;

/**
 * - `unreachable`: no connection, or it closed before the answer
 * - `timeout`: no complete answer in time
 * - `error-answer`: the answer says that this endpoint cannot serve (5xx, 408, 425, 429)
 * - `bad-answer`: an invalid answer: not JSON, too long, incomplete, a redirect. A 2xx that cannot be read is final
 */
export type TryFault = 'unreachable' | 'timeout' | 'error-answer' | 'bad-answer';

export const TRY_OUTCOMES = [
  'answered',
  'unreachable',
  'timeout',
  'error-answer',
  'bad-answer',
  'cancelled',
  'unanswered',
] as const;
/** `unanswered`: the call ended before, for example because its replica was killed. It is read, never written. */
export type TryOutcome = 'answered' | TryFault | 'cancelled' | 'unanswered';

/** One try of a call at one endpoint. */
export interface Try {
  /** The URL of the endpoint. */
  endpoint: string;
  started_at: string;
  /** Null while it runs. */
  ended_at: string | null;
  outcome: TryOutcome | null;
}

/** The tries of an execution as they are written. Null: nothing is known of them, and nothing changes. */
export interface RecordedTries {
  endpoint_id: string | null;
  endpoint_url: string | null;
  tries: number | null;
  try_list: readonly Try[] | null;
}

/** The tries that earlier runs of an execution made. */
export type EarlierTries = Pick<RecordedTries, 'try_list'> & { tries: number };

export const NO_TRIES: RecordedTries = { endpoint_id: null, endpoint_url: null, tries: null, try_list: null };

/** The tries of one run of a call: each is listed when it starts. */
export class TryLog {
  private readonly list: Try[];
  /** The endpoint that has answered; before that, the one that was tried last. */
  private last: TargetEndpoint | undefined;
  private count = 0;
  /** When the first try that `record` has not returned started (`performance.now`). */
  private unrecordedSince: number | undefined;

  constructor(private readonly earlier: EarlierTries = { tries: 0, try_list: null }) {
    this.list = [...(earlier.try_list ?? [])];
  }

  /** The number of tries that this run has started. */
  get started(): number {
    return this.count;
  }

  /** Lists a try, and returns the function that ends it; of several calls of it, the first one counts. */
  start(endpoint: TargetEndpoint): (outcome: TryOutcome) => void {
    const attempt: Try = { endpoint: endpoint.url, started_at: now(), ended_at: null, outcome: null };
    this.count += 1;
    this.last = endpoint;
    this.list.push(attempt);
    if (this.list.length > MAX_TRIES_KEPT) this.list.shift();
    this.unrecordedSince ??= performance.now();
    return (outcome) => {
      if (attempt.outcome !== null) return;
      attempt.ended_at = now();
      attempt.outcome = outcome;
      if (outcome === 'answered') this.last = endpoint;
    };
  }

  /** Whether a try started so many milliseconds ago, or more, that `record` has not returned. */
  isUnrecorded(forMs = 0): boolean {
    return this.unrecordedSince !== undefined && performance.now() - this.unrecordedSince >= forMs;
  }

  /** What to write now: all tries, those of earlier runs included. */
  record(): RecordedTries {
    this.unrecordedSince = undefined;
    if (this.last === undefined) return NO_TRIES;
    const { endpointId, url } = this.last;
    return { endpoint_id: endpointId, endpoint_url: url, tries: this.earlier.tries + this.count, try_list: this.list };
  }
}

function now(): string {
  return new Date().toISOString();
}
