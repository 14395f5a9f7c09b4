import { Logger, type LoggerService } from '@nestjs/common';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { until } from '../../../../test/support/until.js';
import { SpanQueue } from './span-queue.js';

const LIMITS = { maxQueueSize: 10, maxBatchSize: 4, scheduleDelay: 10, timeout: 60 };
const TAKEN: ExportResult = { code: ExportResultCode.SUCCESS };

describe('SpanQueue', () => {
  const lines: string[] = [];
  const recorder: LoggerService = {
    log: (message: string) => lines.push(`info ${message}`),
    warn: (message: string) => lines.push(`warn ${message}`),
    error: (message: string) => lines.push(`error ${message}`),
  };
  let batches: ReadableSpan[][];
  /** What the collector does with the spans. */
  let reception: (done: (result: ExportResult) => void) => void;

  beforeEach(() => {
    Logger.overrideLogger(recorder);
    lines.length = 0;
    batches = [];
    reception = (done) => {
      done(TAKEN);
    };
  });

  const exporter: SpanExporter = {
    export: (spans, done) => {
      batches.push(spans);
      reception(done);
    },
    shutdown: () => Promise.resolve(),
  };

  function open(limits = LIMITS): { queue: SpanQueue; spans: (count: number) => void } {
    const queue = new SpanQueue(exporter, limits);
    const tracer = new TracerProvider({ spanProcessors: [queue] }).getTracer('test');
    return {
      queue,
      spans: (count) => {
        for (let number = 0; number < count; number += 1) tracer.startSpan('span', {}, ROOT_CONTEXT).end();
      },
    };
  }

  it('sends spans in batches, also when nothing more comes', async () => {
    const { queue, spans } = open();
    spans(9);
    await until(() => queue.counts.exported === 9, 2_000);
    expect(batches.map(({ length }) => length)).toEqual([4, 4, 1]);
    expect(queue.counts).toEqual({ exported: 9, failed: 0, dropped: 0 });
    expect(lines).toEqual([]);
  });

  it('holds no more than it may, and counts what it drops', async () => {
    const { queue, spans } = open();
    const waiting: ((result: ExportResult) => void)[] = [];
    reception = (done) => waiting.push(done);
    spans(1_000);
    // One batch is on its way, and as many wait as may.
    await until(() => waiting.length === 1, 2_000);
    expect(queue.counts.dropped).toBe(1_000 - 4 - 10);
    reception = (done) => {
      done(TAKEN);
    };
    waiting[0]?.(TAKEN);
    await until(() => queue.counts.exported === 14, 2_000);
    spans(1);
    await until(() => queue.counts.exported === 15, 2_000);
    expect(queue.counts).toEqual({ exported: 15, failed: 0, dropped: 986 });
  });

  it('gives up a collector that never answers, and tells of one outage with its end', async () => {
    const { queue, spans } = open();
    const late: ((result: ExportResult) => void)[] = [];
    reception = (done) => late.push(done);
    spans(8);
    await until(() => queue.counts.failed === 8, 2_000);
    expect(lines).toEqual([expect.stringContaining('The collector of traces is unavailable: no answer within 60 ms')]);
    // An answer that comes after all changes no count.
    for (const done of late) done(TAKEN);
    expect(queue.counts).toEqual({ exported: 0, failed: 8, dropped: 0 });
    reception = (done) => {
      done({ code: ExportResultCode.FAILED, error: Object.assign(new Error('secret body'), { code: 401 }) });
    };
    spans(1);
    await until(() => queue.counts.failed === 9, 2_000);
    reception = (done) => {
      done(TAKEN);
    };
    spans(1);
    await until(() => queue.counts.exported === 1, 2_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('is available again');
    expect(lines.join()).not.toContain('secret');
  });

  it('sends the rest when it is shut down, and nothing afterwards', async () => {
    const { queue, spans } = open({ ...LIMITS, scheduleDelay: 60_000 });
    spans(3);
    expect(batches).toEqual([]);
    await queue.shutdown();
    expect(queue.counts.exported).toBe(3);
    spans(3);
    await queue.shutdown();
    expect(batches).toHaveLength(1);
  });
});
