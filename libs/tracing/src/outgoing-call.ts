import { formatTraceparent } from '#logging';
import { traced, type Verdict } from './traced.js';
import type { Attributes, Tracer } from './tracer.js';

/** A call to another server. */
export interface OutgoingCall {
  /** The HTTP method, or another name from a small set. */
  name: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  attributes?: Attributes;
}

/**
 * Sends with a span, whose `traceparent` replaces the one in the headers. The span has the server only, not the path or
 * query: these may hold secrets (callbacks, parameters of endpoints).
 */
export async function traceCall<T>(
  tracer: Tracer,
  { name, url, headers, attributes }: OutgoingCall,
  send: (headers: Readonly<Record<string, string>>) => Promise<T>,
  verdict: Verdict<T> = {},
): Promise<T> {
  const span = tracer.call(name, { ...attributes, ...describeServer(url) });
  if (span === undefined) return send(headers);
  return traced(span, () => send({ ...headers, traceparent: formatTraceparent(span.trace) }), verdict);
}

/** For HTTP calls: a status of 400 or more is an error (OpenTelemetry, "HTTP client span"). */
export function httpVerdict<T>(statusOf: (answer: T) => number, faultOf?: Verdict<T>['faultOf']): Verdict<T> {
  return {
    ...(faultOf && { faultOf }),
    faultIn: (answer, span) => {
      const status = statusOf(answer);
      span.set({ 'http.response.status_code': status });
      return status >= 400 ? String(status) : undefined;
    },
  };
}

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'ws:': 80, 'https:': 443, 'wss:': 443 };

/** Empty for an invalid URL: the call itself fails. */
function describeServer(url: string): Attributes {
  if (!URL.canParse(url)) return {};
  const { protocol, hostname, port } = new URL(url);
  return {
    'url.scheme': protocol.slice(0, -1),
    'server.address': hostname,
    'server.port': port === '' ? PORTS[protocol] : Number(port),
  };
}
