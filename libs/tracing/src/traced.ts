import { runInTrace, type TraceContext } from '#logging';
import type { Span, Tracer } from './tracer.js';

/** How work that ended is told of: in a word of a small set where it went wrong. */
export interface Verdict<T> {
  /** By default the name of the error's class; messages may hold what is nobody's business. */
  faultOf?: (error: unknown, span: Span) => string;
  /** Of work that came to an end; it may have done so badly. */
  faultIn?: (result: T, span: Span) => string | undefined;
}

/** Does `work`, and ends the span with it. */
export async function traced<T>(
  span: Span,
  work: () => Promise<T>,
  { faultOf = nameError, faultIn }: Verdict<T> = {},
): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    span.end(faultOf(error, span));
    throw error;
  }
  span.end(faultIn?.(result, span));
  return result;
}

/** Does a job as a part of `trace`; where there is a tracer, with a span of its own. */
export function runJob<T>(
  tracer: Tracer | undefined,
  name: string,
  trace: TraceContext,
  work: (trace: TraceContext) => Promise<T>,
): Promise<T> {
  if (tracer === undefined) return runInTrace(trace, () => work(trace));
  const span = tracer.begin('consumer', name, trace);
  return traced(span, () => runInTrace(span.trace, () => work(span.trace)));
}

function nameError(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
