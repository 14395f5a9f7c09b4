import { OutboundError } from '#outbound';
import type { ExecutionError } from '../executions/execution.entity.js';

/**
 * - `unreachable`: no connection, or it closed before the answer
 * - `timeout`: no complete answer in time
 * - `error-answer`: the answer says that this endpoint cannot serve (5xx, 408, 425, 429)
 * - `bad-answer`: an invalid answer: not JSON, too long, incomplete, a redirect
 */
export type TryFault = 'unreachable' | 'timeout' | 'error-answer' | 'bad-answer';

/** One endpoint did not serve the call; another one may. */
export class TryError extends Error {
  constructor(
    readonly fault: TryFault,
    message: string,
    /** Whether the Skill may have received the call. */
    readonly sent: boolean,
    /** The error in the answer. */
    readonly skillError?: ExecutionError,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TryError';
  }
}

/** The caller, an operator or a shutdown cancelled the call. */
export class CallCancelledError extends Error {
  constructor() {
    super('the call was cancelled');
    this.name = 'CallCancelledError';
  }
}

/** Turns an OutboundError into a TryError or CallCancelledError. Returns any other error unchanged. */
export function toTryError(error: unknown): unknown {
  if (!(error instanceof OutboundError)) return error;
  const { kind, message, sent } = error;
  const asTryError = (fault: TryFault): TryError => new TryError(fault, message, sent, undefined, { cause: error });
  switch (kind) {
    case 'cancelled':
      return new CallCancelledError();
    case 'timeout':
      return asTryError('timeout');
    case 'too-large':
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
