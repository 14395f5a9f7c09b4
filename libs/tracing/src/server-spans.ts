import { errorCodeOf } from '#common';
import { redactText, replaceTrace, requestActorOf, traceOf } from '#logging';
import { onResponseEnd } from '#metrics';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Tracer } from './tracer.js';

/** Asked every few seconds by machines; nobody looks for their traces. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health', '/metrics']);
/** What the conventions know; anything else is `_OTHER`. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const MAX_TEXT = 256;

/**
 * A span for every request that has come to a route, or to none, named by the route; none for the probes and /metrics.
 * Call it before `registerRequestLogging`, which makes the trace of the request the current one: here it learns whether
 * it is recorded. What the router itself refuses (a path that cannot be decoded) has no hook, and no span.
 */
export function registerServerSpans(fastify: FastifyInstance, tracer: Tracer): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { raw } = request;
    const route = request.routeOptions.url;
    if (route !== undefined && PROBES.has(route)) {
      replaceTrace(raw, { ...traceOf(raw), sampled: false });
      done();
      return;
    }
    const method = METHODS.has(request.method) ? request.method : undefined;
    const span = tracer.begin('server', `${method ?? 'HTTP'} ${route ?? ''}`.trimEnd(), traceOf(raw), {
      'http.request.method': method ?? '_OTHER',
      'http.route': route,
      'url.path': clip(request.originalUrl.split(/[?#]/, 1)[0]),
      'url.scheme': request.protocol,
      'network.protocol.version': raw.httpVersion,
      'client.address': request.ip,
      'user_agent.original': clip(raw.headers['user-agent']),
    });
    replaceTrace(raw, span.trace);
    onResponseEnd(request, reply, () => {
      const status = statusOf(reply);
      span.set({
        'http.response.status_code': status,
        'ooder.client.id': requestActorOf(request),
        'ooder.error.code': errorCodeOf(request),
      });
      span.end(faultOf(status));
    });
    done();
  });
}

/** Undefined: the caller hung up before there was one. */
function statusOf({ raw, statusCode }: FastifyReply): number | undefined {
  return raw.writableFinished || raw.headersSent ? statusCode : undefined;
}

/** What callers do wrong is no fault of the server (OpenTelemetry, "HTTP server span"). */
function faultOf(status: number | undefined): string | undefined {
  if (status === undefined) return 'client_closed_request';
  return status >= 500 ? String(status) : undefined;
}

function clip(text: FastifyRequest['originalUrl'] | undefined): string | undefined {
  return text === undefined ? undefined : redactText(text.slice(0, MAX_TEXT)).toWellFormed();
}
