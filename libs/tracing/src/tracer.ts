import type { TraceContext } from '#logging';

export type SpanKind = 'server' | 'client' | 'consumer';

/** By the names of OpenTelemetry's semantic conventions where there is one. Never a secret, never what others sent. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Something that takes time, from its beginning until `end`. */
export interface Span {
  /** Names it, in the `traceparent` of calls; what runs in it (`runInTrace`) has its spans below it. */
  readonly trace: TraceContext;
  set(attributes: Attributes): void;
  /** `fault`: a word or a code for what went wrong, of a small set. */
  end(fault?: string): void;
}

/** Undefined, wherever it is injected, while tracing is off: whoever makes spans then does nothing at all. */
export interface Tracer {
  /** A request or a job, with the ids of `trace`. The trace of the span says whether it is recorded. */
  begin(kind: SpanKind, name: string, trace: TraceContext, attributes?: Attributes): Span;
  /** A question to others that is a part of what is recorded now; undefined: nothing is. */
  part(name: string, attributes?: Attributes): Span | undefined;
  /** As `part`; where nobody waits for it (a job of the scheduler), it is a trace of its own. */
  call(name: string, attributes?: Attributes): Span | undefined;
  /** Says more about the request or job that is recorded now. */
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
