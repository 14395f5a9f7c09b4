import type { TraceContext } from '#logging';
import type { IdGenerator } from '@opentelemetry/sdk-trace';

/**
 * The ids of the next span. They come from the trace context (`#logging`), so that the log, the headers and the span have
 * the same ids; the SDK would generate its own.
 */
export class SentIds implements IdGenerator {
  private next: TraceContext | undefined;

  /** `make` must create one span, synchronously. */
  during<T>(trace: TraceContext, make: () => T): T {
    this.next = trace;
    try {
      return make();
    } finally {
      this.next = undefined;
    }
  }

  generateTraceId(): string {
    return this.current().traceId;
  }

  generateSpanId(): string {
    return this.current().spanId;
  }

  private current(): TraceContext {
    if (this.next === undefined) throw new Error('A span was made without its trace context');
    return this.next;
  }
}
