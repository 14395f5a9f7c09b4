import { OutboundError } from '#outbound';
import type { ExecutionError } from '../executions/execution.entity.js';

/**
 * - `unreachable`: no connection, or none that lasted until the answer
 * - `timeout`: no whole answer in time
 * - `error-answer`: an answer that says that this endpoint cannot serve (5xx, 408, 425, 429)
 * - `bad-answer`: an answer that nobody can read: no JSON, too long, broken off, a redirect
 */
export type TryFault = 'unreachable' | 'timeout' | 'error-answer' | 'bad-answer';

/** One endpoint did not serve; another may. */
export class TryError extends Error {
  constructor(
    readonly fault: TryFault,
    message: string,
    /** Whether the Skill may have got the call. */
    readonly sent: boolean,
    /** What the Skill said. */
    readonly skillError?: ExecutionError,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TryError';
  }
}

/** The caller of the call, or an operator, took it back. */
export class CallCancelledError extends Error {
  constructor() {
    super('the call was cancelled');
    this.name = 'CallCancelledError';
  }
}

/** A TryError; what is none of the outside world's faults stays what it is. */
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
    case 'reset-before-answer':
      return asTryError('unreachable');
  }
}
