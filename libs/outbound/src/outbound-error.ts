/**
 * Why a call failed:
 * - `forbidden`: the guard refuses the address or the URL
 * - `unresolved`: the host name has no address
 * - `refused`: no connection: refused, connect time-out, TLS error, or no free connection in the pool
 * - `untrusted`: the certificate of the server is not trusted, or not valid for it
 * - `reset-before-answer`: the connection closed before a byte of the response; the server may have done its work
 * - `broken-answer`: the connection closed in the middle of the response
 * - `too-large`: the response is longer than the caller allows
 * - `undecodable`: the response has a coding that is not known, or is not valid in it
 * - `timeout`: no complete response in time
 * - `cancelled`: by the caller, or because the service stops
 * - `malformed`: the response is not HTTP, or not the upgrade that was asked for
 */
export const OUTBOUND_FAULTS = [
  'forbidden',
  'unresolved',
  'refused',
  'untrusted',
  'reset-before-answer',
  'broken-answer',
  'too-large',
  'undecodable',
  'timeout',
  'cancelled',
  'malformed',
] as const;
export type OutboundFault = (typeof OUTBOUND_FAULTS)[number];

export interface OutboundErrorOptions {
  cause?: unknown;
  sent?: boolean;
  status?: number | undefined;
  begin?: Buffer | undefined;
  certificate?: string;
}

/** A call without a complete response. The message contains the origin at most: no path, no query, no header. */
export class OutboundError extends Error {
  /** Whether a byte of the request may have been sent. If not, the server has certainly done nothing. */
  readonly sent: boolean;
  /** The first bytes of the body of a response that is too large or undecodable, if any came. */
  readonly begin: Buffer | undefined;
  /** The status of a response that is too large or undecodable, or that refuses an upgrade to WebSocket. */
  readonly status: number | undefined;
  /** What is wrong with the certificate, if it is `untrusted`: without the origin. */
  readonly certificate: string | undefined;

  constructor(
    readonly kind: OutboundFault,
    message: string,
    { cause, sent = false, status, begin, certificate }: OutboundErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'OutboundError';
    this.sent = sent;
    this.status = status;
    this.begin = begin;
    this.certificate = certificate;
  }
}
