import { OutboundError } from '#outbound';
import type { ExecutionError } from '../executions/execution.entity.js';
import type { TryFault } from '../executions/try-log.js';

interface TryErrorOptions extends ErrorOptions {
  isFinal?: boolean;
  isBlamed?: boolean;
  retryAfterMs?: number;
  isForCaller?: boolean;
}

/** One endpoint did not serve the call; another one may, unless the error is final. */
export class TryError extends Error {
  /** Whether the Skill has made the call, so that it must not be made again. */
  readonly isFinal: boolean;
  /** Whether it counts against the endpoint. Not if it asks for a pause, nor for a time-out if others take as long. */
  readonly isBlamed: boolean;
  /** How long the endpoint asks to be left alone (`Retry-After`); 0: not at all. */
  readonly retryAfterMs: number;
  /** Whether it asks this caller alone (429). */
  readonly isForCaller: boolean;

  constructor(
    readonly fault: TryFault,
    message: string,
    /** Whether the Skill may have received the call. */
    readonly sent: boolean,
    /** The error in the answer. */
    readonly skillError?: ExecutionError,
    { isFinal = false, isBlamed = true, retryAfterMs = 0, isForCaller = false, ...options }: TryErrorOptions = {},
  ) {
    super(message, options);
    this.name = 'TryError';
    this.isFinal = isFinal;
    this.isBlamed = isBlamed;
    this.retryAfterMs = retryAfterMs;
    this.isForCaller = isForCaller;
  }
}

/** Bytes of a bad answer that the caller gets. */
const SHOWN_BYTES = 100;

/** A 2xx that cannot be read: the Skill has made the call, so it is not made again. `body`: its first bytes at least. */
export function badAnswer(reason: string, body: Buffer | undefined, options?: ErrorOptions): TryError {
  const begin = body?.subarray(0, SHOWN_BYTES).toString('utf8');
  const message = `bad answer: ${reason}${begin ? `; it begins with ${JSON.stringify(begin)}` : ''}`;
  return new TryError('bad-answer', message, true, { code: 5000, message }, { ...options, isFinal: true });
}

/** The caller, an operator or a shutdown cancelled the call. */
export class CallCancelledError extends Error {
  constructor() {
    super('the call was cancelled');
    this.name = 'CallCancelledError';
  }
}

/** Turns an OutboundError into a TryError or CallCancelledError. Returns any other error unchanged. `isSlow`: others take less time. */
export function toTryError(error: unknown, isSlow: () => boolean): unknown {
  if (error instanceof TryError && error.fault === 'timeout') return asTimeout(error, isSlow);
  if (!(error instanceof OutboundError)) return error;
  const { kind, message, sent, status = 0 } = error;
  const asTryError = (fault: TryFault): TryError => new TryError(fault, message, sent, undefined, { cause: error });
  switch (kind) {
    case 'cancelled':
      return new CallCancelledError();
    case 'timeout':
      return asTimeout(asTryError('timeout'), isSlow);
    case 'too-large':
    case 'undecodable':
      if (status >= 200 && status < 300) return badAnswer(message, error.begin, { cause: error });
      return asTryError(status >= 500 ? 'error-answer' : 'bad-answer');
    case 'broken-answer':
    case 'malformed':
      return asTryError('bad-answer');
    case 'forbidden':
    case 'unresolved':
    case 'refused':
    case 'untrusted':
    case 'reset-before-answer':
      return asTryError('unreachable');
  }
}

/** Without a connection the endpoint has not even begun. */
function asTimeout(error: TryError, isSlow: () => boolean): TryError {
  const isBlamed = !error.sent || isSlow();
  return new TryError('timeout', error.message, error.sent, undefined, { cause: error, isBlamed });
}
