import { Agent } from 'node:http';
import { TracingSettings } from '#config';
import { parseTraceparent, runInTrace, startSpan, type TraceContext } from '#logging';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { runJob, traced } from '../traced.js';
import { traceCall } from '../outgoing-call.js';
import { startTracing } from '../tracing.js';
import { createSampler } from './create-sampler.js';
import { SdkTracer } from './sdk-tracer.js';
import { SentIds } from './sent-ids.js';

const REMOTE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';
const callerOf = (flags: string): TraceContext => startSpan(parseTraceparent(`${REMOTE}-${flags}`));

describe('SdkTracer', () => {
  let exporter: InMemorySpanExporter;

  function tracerOf(settings: Partial<TracingSettings> = {}): SdkTracer {
    exporter = new InMemorySpanExporter();
    const ids = new SentIds();
    const provider = new TracerProvider({
      sampler: createSampler(Object.assign(new TracingSettings(), settings)),
      idGenerator: ids,
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    return new SdkTracer(provider.getTracer('test'), ids);
  }

  /** As `[name, trace, span, parent]`. */
  const ended = () =>
    exporter
      .getFinishedSpans()
      .map((span) => [
        span.name,
        span.spanContext().traceId,
        span.spanContext().spanId,
        span.parentSpanContext?.spanId,
      ]);

  it('gives spans the ids of our trace contexts', () => {
    const tracer = tracerOf();
    const trace = callerOf('01');
    const request = tracer.begin('server', 'request', trace);
    expect(request.trace).toBe(trace);
    const part = runInTrace(trace, () => tracer.part('part'));
    expect(part?.trace).toMatchObject({ traceId: trace.traceId, parentId: trace.spanId, sampled: true });
    part?.end();
    request.end();
    expect(ended()).toEqual([
      ['part', trace.traceId, part?.trace.spanId, trace.spanId],
      ['request', trace.traceId, trace.spanId, '00f067aa0ba902b7'],
    ]);
  });

  it('adds nothing to a request that has ended, or to none', () => {
    const tracer = tracerOf();
    const trace = startSpan();
    expect(tracer.part('before')).toBeUndefined();
    tracer.begin('server', 'request', trace).end();
    runInTrace(trace, () => {
      expect(tracer.part('after')).toBeUndefined();
      expect(tracer.call('after')).toBeUndefined();
      tracer.annotate({ late: true });
    });
    // A job of the scheduler that calls others is a trace of its own.
    const own = tracer.call('probe');
    expect(own?.trace.parentId).toBeUndefined();
    own?.end();
    expect(ended().map(([name]) => name)).toEqual(['request', 'probe']);
  });

  it.each([
    ['parentbased_always_on', 1, '01', true],
    ['parentbased_always_on', 1, '00', false],
    ['parentbased_always_on', 1, undefined, true],
    ['parentbased_always_off', 1, '01', true],
    ['parentbased_always_off', 1, undefined, false],
    ['parentbased_traceidratio', 0, '01', true],
    ['parentbased_traceidratio', 0, undefined, false],
    ['parentbased_traceidratio', 1, undefined, true],
    ['traceidratio', 0, '01', false],
    ['always_on', 0, '00', true],
    ['always_off', 1, '01', false],
  ] as const)('samples by %s of %p a caller with flags %p: %p', (sampler, samplerRatio, flags, sampled) => {
    const tracer = tracerOf({ sampler, samplerRatio });
    const asked = flags === undefined ? startSpan() : callerOf(flags);
    const request = tracer.begin('server', 'request', asked);
    expect(request.trace).toEqual({ ...asked, sampled });
    runInTrace(request.trace, () => {
      const part = tracer.part('part');
      expect(part !== undefined).toBe(sampled);
      part?.end();
    });
    request.end();
    expect(ended()).toHaveLength(sampled ? 2 : 0);
  });

  it('ends with the work, whatever becomes of it, and tells no message of an error', async () => {
    const tracer = tracerOf();
    await expect(runJob(tracer, 'job', startSpan(), () => Promise.reject(new TypeError('a secret')))).rejects.toThrow(
      'a secret',
    );
    await traced(tracer.begin('client', 'bad', startSpan()), () => Promise.resolve(7), { faultIn: String });
    const spans = exporter.getFinishedSpans();
    expect(spans.map(({ name, status, attributes }) => [name, status.code, attributes['error.type']])).toEqual([
      ['job', 2, 'TypeError'],
      ['bad', 2, '7'],
    ]);
    expect(JSON.stringify(spans.map(({ status, events }) => [status, events]))).not.toContain('secret');
  });

  it('names the span of a call in its headers, and of its URL the server only', async () => {
    const tracer = tracerOf();
    const headers = { accept: '*/*', traceparent: 'of the request' };
    const url = 'https://user:secret@Example.com/secret?secret=1';
    const sent = await traceCall(tracer, { name: 'GET', url, headers }, (told) => Promise.resolve(told));
    const [[, traceId, spanId] = []] = ended();
    expect(sent).toEqual({ accept: '*/*', traceparent: `00-${String(traceId)}-${String(spanId)}-01` });
    expect(exporter.getFinishedSpans()[0]?.attributes).toEqual({
      'url.scheme': 'https',
      'server.address': 'example.com',
      'server.port': 443,
    });
    // What is no URL is refused by who calls it.
    await traceCall(tracer, { name: 'GET', url: 'x', headers }, (told) => Promise.resolve(told));
    expect(exporter.getFinishedSpans()[1]?.attributes).toEqual({});
  });
});

describe('startTracing', () => {
  it('starts nothing without a collector', async () => {
    expect(
      await startTracing(new TracingSettings(), { name: 'a', version: '1.0.0' }, () => new Agent()),
    ).toBeUndefined();
  });
});
