import type { TraceContext } from '#logging';

export type SpanKind = 'server' | 'client' | 'consumer';

/** Named by OpenTelemetry's semantic conventions where they have a name. Never secrets or payloads. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An operation, from its start until `end`. */
export interface Span {
  /** The trace context of the span, for `traceparent`; spans of work in it (`runInTrace`) are its children. */
  readonly trace: TraceContext;
  set(attributes: Attributes): void;
  /** `fault`: a word or a code from a small set, if it failed. */
  end(fault?: string): void;
}

/** Injected as undefined while tracing is off. */
export interface Tracer {
  /** A request or a job, with the ids of `trace`. The trace of the span says whether it is recorded. */
  begin(kind: SpanKind, name: string, trace: TraceContext, attributes?: Attributes): Span;
  /** A call that is a part of the current recorded span; undefined if there is none. */
  part(name: string, attributes?: Attributes): Span | undefined;
  /** Like `part`; outside of any trace (in a job of the scheduler) it starts one. */
  call(name: string, attributes?: Attributes): Span | undefined;
  /** Adds attributes to the current recorded span. */
  annotate(attributes: Attributes): void;
}

/** Spans since the start of the process. */
export interface SpanCounts {
  readonly exported: number;
  /** Refused by the collector, or not answered in time. */
  readonly failed: number;
  /** Not sent, because the queue was full. */
  readonly dropped: number;
}

/** Tracing that is on. */
export interface Tracing {
  readonly tracer: Tracer;
  readonly counts: SpanCounts;
  /** Sends what waits, within so many milliseconds; spans that end later are lost. */
  stop(withinMs: number): Promise<void>;
}

/** Injects `Tracer | undefined`. */
export const TRACER = Symbol('tracer');
