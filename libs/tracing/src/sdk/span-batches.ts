import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { CountingExporter } from './counting-exporter.js';

export interface QueueLimits {
  /** Spans that wait; more are dropped. */
  maxQueueSize: number;
  maxBatchSize: number;
  /** Milliseconds that a span waits for others. */
  scheduleDelay: number;
  /** Milliseconds for one export; then the next one may begin. */
  timeout: number;
}

/** The SDK's batches, with a count of the spans that find the queue full. */
export class SpanBatches extends BatchSpanProcessor {
  private accepted = 0;

  constructor(
    private readonly exporter: CountingExporter,
    private readonly limits: QueueLimits,
  ) {
    super({
      exporter,
      maxQueueSize: limits.maxQueueSize,
      maxExportBatchSize: limits.maxBatchSize,
      scheduledDelayMillis: limits.scheduleDelay,
      exportTimeoutMillis: limits.timeout,
    });
  }

  override onEnd(span: ReadableSpan): void {
    if (this.accepted - this.exporter.received >= this.limits.maxQueueSize) {
      this.exporter.counts.dropped += 1;
      return;
    }
    this.accepted += 1;
    super.onEnd(span);
  }
}
