import { Logger } from '@nestjs/common';
import { OutageLog } from '#logging';
import { ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { SpanCounts } from '../tracer.js';

type Done = Parameters<SpanExporter['export']>[1];
type Result = Parameters<Done>[0];

/** Counts what the collector takes and refuses. The log has one line when it is away, and one when it is back. */
export class CountingExporter implements SpanExporter {
  readonly counts: { -readonly [K in keyof SpanCounts]: SpanCounts[K] } = { exported: 0, failed: 0, dropped: 0 };
  /** Spans that have left the queue. */
  received = 0;
  private readonly outage = new OutageLog(new Logger('tracing'), 'The collector of traces');

  constructor(private readonly exporter: SpanExporter) {}

  export(spans: ReadableSpan[], done: Done): void {
    this.received += spans.length;
    this.exporter.export(spans, (result) => {
      this.count(spans.length, result);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  private count(spans: number, { code, error }: Result): void {
    if (code === ExportResultCode.SUCCESS) {
      this.counts.exported += spans;
      this.outage.end();
    } else {
      this.counts.failed += spans;
      this.outage.begin(`${reasonFor(error)}; spans are lost meanwhile`);
    }
  }
}

/** Without the body of an answer, which may repeat what was sent. */
function reasonFor(error: (Error & { code?: unknown }) | undefined): string {
  if (typeof error?.code === 'number') return `it answers with status ${error.code}`;
  if (typeof error?.code === 'string') return error.code;
  return error?.message ?? 'unknown error';
}
