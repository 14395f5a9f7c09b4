import { runInTrace, type TraceContext } from '#logging';
import type { Span, Tracer } from './tracer.js';

/** How a span names the errors of its work: with a word of a small set. */
export interface Verdict<T> {
  /** By default the name of the error's class: messages may hold private data. */
  faultOf?: (error: unknown, span: Span) => string;
  /** An error in a result that was returned. */
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

/** Runs a job in `trace`; with a tracer, in a span of its own. */
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
