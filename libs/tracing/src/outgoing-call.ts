import { formatTraceparent } from '#logging';
import { traced, type Verdict } from './traced.js';
import type { Attributes, Tracer } from './tracer.js';

/** A call of another server. */
export interface OutgoingCall {
  /** The method of HTTP, or whatever else is asked for by a small set of names. */
  name: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  attributes?: Attributes;
}

/**
 * Sends, with a span, and with a `traceparent` that names it in place of the one in the headers. Of the URL only the
 * server is told: paths and queries may hold secrets (callbacks, parameters of endpoints).
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

/** For calls over HTTP: an answer of 400 or more is a fault of the call (OpenTelemetry, "HTTP client span"). */
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

/** Nothing of a URL that is none: the call itself says so. */
function describeServer(url: string): Attributes {
  if (!URL.canParse(url)) return {};
  const { protocol, hostname, port } = new URL(url);
  return {
    'url.scheme': protocol.slice(0, -1),
    'server.address': hostname,
    'server.port': port === '' ? PORTS[protocol] : Number(port),
  };
}
