import type { IncomingHttpHeaders } from 'node:http';
import { headerValueFault } from '#common';
import { parseTraceparent } from '#logging';

/** Headers of a request that its calls of Skills have too. */
export type PassedHeaders = Readonly<Record<string, string>>;

/** Longer ones are left out, because a part of them could mean something else (W3C Trace Context 3.3.1.5, W3C Baggage 3.3.2). */
const MAX_TRACESTATE = 512;
const MAX_BAGGAGE = 8_192;
/** Bytes of one of the headers that COMMAND_FORWARD_HEADERS names. */
const MAX_VALUE = 4_096;

/** `tracestate`, `baggage`, and the headers that COMMAND_FORWARD_HEADERS names, as far as the request has them. */
export function passedHeaders(headers: IncomingHttpHeaders, allowed: readonly string[]): PassedHeaders {
  const passed: Record<string, string> = {};
  const pass = (given: string, max: number): void => {
    const name = given.toLowerCase();
    const value = headers[name];
    if (typeof value === 'string' && value !== '' && value.length <= max && headerValueFault(value) === undefined) {
      passed[name] = value;
    }
  };
  // Without a valid `traceparent`, the trace begins here, and the state belongs to another one.
  if (parseTraceparent(headers.traceparent) !== undefined) pass('tracestate', MAX_TRACESTATE);
  pass('baggage', MAX_BAGGAGE);
  for (const name of allowed) pass(name, MAX_VALUE);
  return passed;
}
