/**
 * What became of a call, for callers to decide on:
 * - `forbidden`: the guard refuses the address or the URL
 * - `unresolved`: the name leads to no address
 * - `refused`: no connection came about, or none was free (refused, no answer in time, TLS fault)
 * - `reset-before-answer`: the connection ended before a byte of the answer; the request may have been carried out
 * - `broken-answer`: the connection ended in the middle of the answer
 * - `too-large`: the answer is longer than its caller allows
 * - `timeout`: no whole answer in time
 * - `cancelled`: by the caller, or by the end of the service
 * - `malformed`: what came is not HTTP, or not the upgrade that was asked for
 */
export const OUTBOUND_FAULTS = [
  'forbidden',
  'unresolved',
  'refused',
  'reset-before-answer',
  'broken-answer',
  'too-large',
  'timeout',
  'cancelled',
  'malformed',
] as const;
export type OutboundFault = (typeof OUTBOUND_FAULTS)[number];

export interface OutboundErrorOptions {
  cause?: unknown;
  sent?: boolean;
  reused?: boolean;
  status?: number;
}

/** A call without a whole answer. The message names the origin at most: no path, no query, no header. */
export class OutboundError extends Error {
  /** Whether a byte of the request may have left: if not, nobody has carried it out. */
  readonly sent: boolean;
  /**
   * Whether the connection had served a request before. A `reset-before-answer` then mostly means that the other side
   * closed an idle connection at that moment and has not read the request; only idempotent requests may rely on it.
   */
  readonly reused: boolean;
  /** Of an answer that is too large, or that refuses an upgrade to WebSocket. */
  readonly status: number | undefined;

  constructor(
    readonly kind: OutboundFault,
    message: string,
    { cause, sent = false, reused = false, status }: OutboundErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'OutboundError';
    this.sent = sent;
    this.reused = reused;
    this.status = status;
  }
}
