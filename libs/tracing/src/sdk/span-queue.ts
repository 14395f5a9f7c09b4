import { Logger } from '@nestjs/common';
import { OutageLog } from '#logging';
import { ExportResultCode } from '@opentelemetry/core';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { SpanCounts } from '../tracing.js';

type Done = Parameters<SpanExporter['export']>[1];
type Result = Parameters<Done>[0];

export interface QueueLimits {
  /** Spans that wait; more are dropped. */
  maxQueueSize: number;
  maxBatchSize: number;
  /** Milliseconds that a span waits for others. */
  scheduleDelay: number;
  /** Milliseconds for one export; the exporter's own limit is one of silence. */
  timeout: number;
}

/**
 * Spans that have ended, on their way to the collector: a bounded queue in front of the SDK's batches, whose own bound
 * drops without a count. A collector that is away costs spans, and one line in the log; nobody waits for it.
 */
export class SpanQueue implements SpanProcessor {
  readonly counts: { -readonly [K in keyof SpanCounts]: SpanCounts[K] } = { exported: 0, failed: 0, dropped: 0 };
  private readonly outage = new OutageLog(new Logger('tracing'), 'The collector of traces');
  private readonly batches: BatchSpanProcessor;
  private waiting = 0;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly limits: QueueLimits,
  ) {
    const { maxQueueSize, maxBatchSize, scheduleDelay, timeout } = limits;
    this.batches = new BatchSpanProcessor({
      exporter: {
        export: (spans, done) => {
          this.export(spans, done);
        },
        shutdown: () => exporter.shutdown(),
      },
      maxQueueSize,
      maxExportBatchSize: maxBatchSize,
      scheduledDelayMillis: scheduleDelay,
      // After our own, which counts.
      exportTimeoutMillis: timeout * 2,
    });
  }

  onStart(): void {
    // Nothing is known of it yet.
  }

  onEnd(span: ReadableSpan): void {
    if (this.waiting >= this.limits.maxQueueSize) {
      this.counts.dropped += 1;
      return;
    }
    this.waiting += 1;
    this.batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.batches.shutdown();
  }

  private export(spans: ReadableSpan[], done: Done): void {
    this.waiting -= spans.length;
    let isOver = false;
    const end = (result: Result): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.told(spans.length, result);
      done(result);
    };
    const timer = setTimeout(() => {
      end({ code: ExportResultCode.FAILED, error: new Error(`no answer within ${this.limits.timeout} ms`) });
    }, this.limits.timeout).unref();
    this.exporter.export(spans, end);
  }

  private told(spans: number, { code, error }: Result): void {
    if (code === ExportResultCode.SUCCESS) {
      this.counts.exported += spans;
      this.outage.end();
      return;
    }
    this.counts.failed += spans;
    this.outage.begin(`${reasonOf(error)}; spans are lost meanwhile`);
  }
}

/** Without the body of an answer, which may repeat what was sent. */
function reasonOf(error: (Error & { code?: unknown }) | undefined): string {
  if (typeof error?.code === 'number') return `it answers with status ${error.code}`;
  if (typeof error?.code === 'string') return error.code;
  return error?.message ?? 'unknown fault';
}
