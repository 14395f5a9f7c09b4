import { OutboundError } from './outbound-error.js';

/** The longest delay of a Node.js timer, in milliseconds. */
const MAX_MS = 2 ** 31 - 1;

/**
 * Ends one call: at its time-out, when its caller aborts, or when the service stops. Why not `AbortSignal.any`:
 * docs/adr/0038.
 */
export class Deadline {
  /** Why the call ended; undefined while it may go on. */
  error: OutboundError | undefined;
  private listener: ((error: OutboundError) => void) | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly cancel: () => void;

  constructor(
    timeoutMs: number,
    private readonly signal?: AbortSignal,
  ) {
    this.timer = setTimeout(
      () => {
        this.end(new OutboundError('timeout', `no complete response within ${Math.round(timeoutMs)} ms`));
      },
      Math.min(MAX_MS, timeoutMs),
    );
    // A constant first: docs/adr/0027.
    const cancel = (): void => {
      this.end(new OutboundError('cancelled', 'the caller cancelled the call'));
    };
    this.cancel = cancel;
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel);
  }

  /** Sets the one listener, in place of the one before. It is called at once if the call has ended. */
  onEnd(listener: (error: OutboundError) => void): void {
    this.listener = listener;
    if (this.error) listener(this.error);
  }

  end(error: OutboundError): void {
    if (this.error) return;
    this.error = error;
    this.listener?.(error);
  }

  /** Call this when the call is over. */
  clear(): void {
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.cancel);
    this.listener = undefined;
  }
}
