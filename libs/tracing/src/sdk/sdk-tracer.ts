import { currentTrace, startSpan, type TraceContext } from '#logging';
import {
  type Context,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  SpanKind as SdkSpanKind,
  SpanStatusCode,
  trace as api,
  TraceFlags,
  type Tracer as OpenTelemetryTracer,
} from '@opentelemetry/api';
import type { Attributes, Span, SpanKind, Tracer } from '../tracer.js';
import type { SentIds } from './sent-ids.js';

const KINDS = {
  server: SdkSpanKind.SERVER,
  client: SdkSpanKind.CLIENT,
  consumer: SdkSpanKind.CONSUMER,
} as const satisfies Record<SpanKind, SdkSpanKind>;

/**
 * Spans of OpenTelemetry's SDK with the ids of our trace contexts. The current trace is that of the log (`runInTrace`):
 * OpenTelemetry's own context is not used.
 */
export class SdkTracer implements Tracer {
  /**
   * Recorded spans that have not ended. Work that goes on after a request (a loop that it has woken, a shared batch) still
   * runs in its context, but must not add to its trace.
   */
  private readonly open = new WeakMap<TraceContext, SdkSpan>();

  constructor(
    private readonly tracer: OpenTelemetryTracer,
    private readonly ids: SentIds,
  ) {}

  begin(kind: SpanKind, name: string, trace: TraceContext, attributes?: Attributes): Span {
    return this.start(kind, name, trace, true, attributes);
  }

  part(name: string, attributes?: Attributes): Span | undefined {
    const current = currentTrace();
    if (current === undefined || !this.open.has(current)) return undefined;
    const { traceId, spanId: parentId, sampled } = current;
    return this.start('client', name, startSpan({ traceId, parentId, sampled }), false, attributes);
  }

  call(name: string, attributes?: Attributes): Span | undefined {
    if (currentTrace() !== undefined) return this.part(name, attributes);
    return this.begin('client', name, startSpan(), attributes);
  }

  annotate(attributes: Attributes): void {
    const current = currentTrace();
    if (current !== undefined) this.open.get(current)?.setAttributes(attributes);
  }

  private start(
    kind: SpanKind,
    name: string,
    asked: TraceContext,
    isRemote: boolean,
    attributes: Attributes | undefined,
  ): Span {
    const options = { kind: KINDS[kind], attributes };
    const span = this.ids.during(asked, () => this.tracer.startSpan(name, options, toContext(asked, isRemote)));
    const sampled = span.isRecording();
    const trace = sampled === asked.sampled ? asked : { ...asked, sampled };
    if (sampled) this.open.set(trace, span);
    return {
      trace,
      set: (more) => {
        span.setAttributes(more);
      },
      end: (fault) => {
        if (fault !== undefined) span.setAttribute('error.type', fault).setStatus({ code: SpanStatusCode.ERROR });
        span.end();
        this.open.delete(trace);
      },
    };
  }
}

function toContext({ traceId, parentId, sampled }: TraceContext, isRemote: boolean): Context {
  if (parentId === undefined) return ROOT_CONTEXT;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return api.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentId, traceFlags, isRemote });
}
