import { Logger, type LoggerService } from '@nestjs/common';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { until } from '../../../../test/support/until.js';
import { CountingExporter } from './counting-exporter.js';
import type { SpanCounts } from '../tracer.js';
import { SpanBatches } from './span-batches.js';

const LIMITS = { maxQueueSize: 10, maxBatchSize: 4, scheduleDelay: 10, timeout: 60 };
const TAKEN: ExportResult = { code: ExportResultCode.SUCCESS };

describe('SpanBatches', () => {
  const lines: string[] = [];
  const recorder: LoggerService = {
    log: (message: string) => lines.push(`info ${message}`),
    warn: (message: string) => lines.push(`warn ${message}`),
    error: (message: string) => lines.push(`error ${message}`),
  };
  let batches: ReadableSpan[][];
  let counting: CountingExporter;
  /** What the collector does with the spans. */
  let reception: (done: (result: ExportResult) => void) => void;

  beforeEach(() => {
    Logger.overrideLogger(recorder);
    lines.length = 0;
    batches = [];
    counting = new CountingExporter(collector);
    reception = (done) => {
      done(TAKEN);
    };
  });

  const collector: SpanExporter = {
    export: (spans, done) => {
      batches.push(spans);
      reception(done);
    },
    shutdown: () => Promise.resolve(),
  };

  function open(limits = LIMITS): { queue: SpanBatches; counts: SpanCounts; spans: (count: number) => void } {
    const { counts } = counting;
    const queue = new SpanBatches(counting, limits);
    const tracer = new TracerProvider({ spanProcessors: [queue] }).getTracer('test');
    return {
      queue,
      counts,
      spans: (count) => {
        for (let number = 0; number < count; number += 1) tracer.startSpan('span', {}, ROOT_CONTEXT).end();
      },
    };
  }

  it('sends spans in batches, also when nothing more comes', async () => {
    const { counts, spans } = open();
    spans(9);
    await until(() => counts.exported === 9, 2_000);
    expect(batches.map(({ length }) => length)).toEqual([4, 4, 1]);
    expect(counts).toEqual({ exported: 9, failed: 0, dropped: 0 });
    expect(lines).toEqual([]);
  });

  it('holds no more than it may, and counts what it drops', async () => {
    const { counts, spans } = open();
    const waiting: ((result: ExportResult) => void)[] = [];
    reception = (done) => waiting.push(done);
    spans(1_000);
    // One batch is on its way, and as many wait as may.
    await until(() => waiting.length === 1, 2_000);
    expect(counts.dropped).toBe(1_000 - 4 - 10);
    reception = (done) => {
      done(TAKEN);
    };
    waiting[0]?.(TAKEN);
    await until(() => counts.exported === 14, 2_000);
    spans(1);
    await until(() => counts.exported === 15, 2_000);
    expect(counts).toEqual({ exported: 15, failed: 0, dropped: 986 });
  });

  it('waits no longer for a collector than it may', async () => {
    const { counts, spans } = open();
    reception = () => undefined;
    spans(4);
    await until(() => batches.length === 1, 2_000);
    reception = (done) => {
      done(TAKEN);
    };
    spans(4);
    await until(() => counts.exported === 4, 2_000);
  });

  it('logs one line for an outage of the collector, and one for its end, without what it answers', async () => {
    const { counts, spans } = open();
    reception = (done) => {
      done({ code: ExportResultCode.FAILED, error: Object.assign(new Error('secret body'), { code: 401 }) });
    };
    spans(1);
    await until(() => counts.failed === 1, 2_000);
    reception = (done) => {
      done(TAKEN);
    };
    spans(1);
    await until(() => counts.exported === 1, 2_000);
    expect(lines).toEqual([
      expect.stringContaining('The collector of traces is unavailable: it answers with status 401'),
      expect.stringContaining('is available again'),
    ]);
    expect(lines.join()).not.toContain('secret');
  });

  it('sends the rest when it is shut down, and nothing afterwards', async () => {
    const { queue, counts, spans } = open({ ...LIMITS, scheduleDelay: 60_000 });
    spans(3);
    expect(batches).toEqual([]);
    await queue.shutdown();
    expect(counts.exported).toBe(3);
    spans(3);
    await queue.shutdown();
    expect(batches).toHaveLength(1);
  });
});
