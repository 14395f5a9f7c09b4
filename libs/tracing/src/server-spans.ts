import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { readErrorCode, isSentWhole, KNOWN_METHODS, onResponseEnd, PROBE_ROUTES } from '#common';
import { redactStart, replaceTrace, getRequestActor, getTrace } from '#logging';
import type { FastifyInstance } from 'fastify';
import type { Span, Tracer } from './tracer.js';

const MAX_TEXT = 256;

/** A request and its route. */
export interface ServedRequest {
  route: string | undefined;
  /** The span leaves its query out. */
  url: string;
  address: string | undefined;
}

/** The outcome of a request. */
export interface ServedAnswer {
  /** Undefined: the caller closed the connection first. */
  status: number | undefined;
  client: string | undefined;
  errorCode?: number;
}

/** Spans of requests that this service answers, by OpenTelemetry's "HTTP server span". */
export class ServerSpans {
  constructor(private readonly tracer: Tracer) {}

  /**
   * A span for every request, also of an unknown route, but not for the probes and /metrics. Call it before
   * `registerRequestLogging`, which makes the trace of the request the current one. Requests that the router itself
   * refuses (a path that cannot be decoded) run no hook, and have no span.
   */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      const { raw, ip: address, originalUrl: url } = request;
      const route = request.routeOptions.url;
      if (route !== undefined && PROBE_ROUTES.has(route)) {
        replaceTrace(raw, { ...getTrace(raw), sampled: false });
        done();
        return;
      }
      const span = this.begin(raw, { route, url, address });
      onResponseEnd(request, reply, () => {
        const isAnswered = reply.raw.headersSent || isSentWhole(raw, reply.raw);
        endServed(span, {
          status: isAnswered ? reply.statusCode : undefined,
          client: getRequestActor(request),
          errorCode: readErrorCode(request),
        });
      });
      done();
    });
  }

  /** Also decides whether the trace of the request is recorded: see `getTrace` afterwards. End the span with `endServed`. */
  begin(raw: IncomingMessage, { route, url, address }: ServedRequest): Span {
    const method = KNOWN_METHODS.has(raw.method ?? '') ? raw.method : undefined;
    const span = this.tracer.begin('server', `${method ?? 'HTTP'} ${route ?? ''}`.trimEnd(), getTrace(raw));
    if (span.trace.sampled) {
      span.set({
        'http.request.method': method ?? '_OTHER',
        'http.route': route,
        'url.path': clip(url.split(/[?#]/, 1)[0]),
        'url.scheme': raw.socket instanceof TLSSocket ? 'https' : 'http',
        'network.protocol.version': raw.httpVersion,
        'client.address': address,
        'user_agent.original': clip(raw.headers['user-agent']),
      });
    }
    replaceTrace(raw, span.trace);
    return span;
  }
}

export function endServed(span: Span, { status, client, errorCode }: ServedAnswer): void {
  span.set({ 'http.response.status_code': status, 'ooder.client.id': client, 'ooder.error.code': errorCode });
  span.end(faultOf(status));
}

/** Errors of callers (4xx) are no errors of the server. */
function faultOf(status: number | undefined): string | undefined {
  if (status === undefined) return 'client_closed_request';
  return status >= 500 ? String(status) : undefined;
}

function clip(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redactStart(text, MAX_TEXT).toWellFormed();
}
