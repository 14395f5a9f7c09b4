import { OutboundError } from './outbound-error.js';

/** A timer cannot be longer. */
const MAX_MS = 2 ** 31 - 1;

/** The end that a call must not outlive: its time-out, its caller's signal, the end of the service. */
export class Deadline {
  /** Set once it is over. */
  error: OutboundError | undefined;
  private listener: ((error: OutboundError) => void) | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly cancel: () => void;

  constructor(
    timeoutMs: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.timer = setTimeout(
      () => {
        this.end(new OutboundError('timeout', `no whole answer within ${Math.round(timeoutMs)} ms`));
      },
      Math.min(MAX_MS, timeoutMs),
    );
    // Not assigned as it is made: docs/adr/0027.
    const cancel = (): void => {
      this.end(new OutboundError('cancelled', 'the caller gave up'));
    };
    this.cancel = cancel;
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel);
  }

  /** The listener of before is forgotten. */
  watch(listener: (error: OutboundError) => void): void {
    this.listener = listener;
    if (this.error) listener(this.error);
  }

  end(error: OutboundError): void {
    if (this.error) return;
    this.error = error;
    this.listener?.(error);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.cancel);
    this.listener = undefined;
  }
}
