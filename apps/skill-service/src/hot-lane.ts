import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Authenticator } from '#auth';
import { isSentWhole } from '#common';
import { formatTraceparent, type PinoLogger, traceOf, writeAccess } from '#logging';
import type { HttpMetrics } from '#metrics';
import type { RateLimiter } from '#rate-limit';
import type { HotAnswers, ReadyAnswer } from '#skills';
import { endServed, type ServerSpans, type Span } from '#tracing';
import type { Draining } from './draining.js';

/** Headers with which a request goes the normal way: it has a body, expects something, or compares. */
const UNUSUAL = ['content-length', 'transfer-encoding', 'expect', 'if-none-match', 'origin'] as const;
/** Lines of headers; who sends more goes the normal way, where that may be refused. */
const MAX_HEADERS = 50;

export interface HotLaneRooms {
  answers: HotAnswers;
  authenticator: Authenticator;
  draining: Draining;
  limiter: RateLimiter;
  logger: PinoLogger;
  metrics: HttpMetrics;
  /** Undefined while tracing is off. */
  spans: ServerSpans | undefined;
  /** Where a request comes from; proxies that are trusted looked through. */
  addressOf: (request: IncomingMessage) => string | undefined;
}

/**
 * Sends ready answers (`HotAnswers`) before Fastify sees the request: what its hooks do for each request costs three times
 * what sending does. The same is counted, limited, measured, logged and traced here, by the same rooms; whatever is
 * not the plain repetition of an answer by a caller who is known on this connection goes the normal way (docs/adr/0026).
 */
export class HotLane {
  constructor(private readonly rooms: HotLaneRooms) {}

  /** Call it when the server has its listener. */
  open(server: Server): void {
    const [listener, ...others] = server.listeners('request') as RequestListener[];
    if (listener === undefined || others.length > 0) throw new Error('A server with one listener was expected');
    server.off('request', listener);
    server.on('request', (request, response) => {
      if (!this.answer(request, response)) listener(request, response);
    });
  }

  private answer(request: IncomingMessage, response: ServerResponse): boolean {
    const startedAt = performance.now();
    const { answers, authenticator, draining, limiter, spans, addressOf } = this.rooms;
    if (request.method !== 'GET' || request.httpVersion !== '1.1' || isUnusual(request)) return false;
    // What waits behind others on a pipelined connection is not sent yet.
    if (response.socket === null || response.socket.destroyed || draining.isDraining) return false;
    const identity = authenticator.identityOf(request);
    const { url = '' } = request;
    const ready = identity && answers.ready(identity, url);
    if (!ready) return false;
    const limit = limiter.admitRead(identity.clientId);
    if (limit === false) return false;
    answers.counts.hits += 1;
    const span = spans?.begin(request, { route: ready.route, url, address: addressOf(request) });
    const trace = traceOf(request);
    const headers = [...ready.commonHeaders, 'traceparent', formatTraceparent(trace), 'x-trace-id', trace.traceId];
    if (limit) headers.push('ratelimit-policy', limit.policy, 'ratelimit', limit.rest);
    for (const name in ready.headers) headers.push(name, ready.headers[name] ?? '');
    headers.push('content-length', String(ready.body.length));
    response.writeHead(200, headers);
    response.end(ready.body, 'latin1');
    const finish = (aborted: boolean): void => {
      this.finish({ request, ready, clientId: identity.clientId, traceId: trace.traceId, startedAt, aborted, span });
    };
    // All of it is with the operating system already, unless the caller reads slowly.
    if (response.socket.writableLength === 0) finish(false);
    else {
      const release = draining.hold();
      response.once('close', () => {
        release();
        finish(!isSentWhole(request, response));
      });
    }
    return true;
  }

  private finish(answered: Answered): void {
    const { request, ready, clientId, traceId, startedAt, aborted, span } = answered;
    const { logger, metrics, addressOf } = this.rooms;
    const durationMs = performance.now() - startedAt;
    if (span) endServed(span, { status: 200, client: clientId });
    metrics.answered({ method: 'GET', route: ready.route, status: 200 }, durationMs / 1000);
    writeAccess(logger, 'info', {
      method: 'GET',
      url: request.url ?? '',
      route: ready.route,
      status: 200,
      durationMs,
      bytes: aborted ? undefined : ready.body.length,
      client: clientId,
      address: addressOf(request),
      userAgent: request.headers['user-agent'],
      traceId,
      aborted,
    });
  }
}

interface Answered {
  request: IncomingMessage;
  ready: ReadyAnswer;
  clientId: string;
  traceId: string;
  startedAt: number;
  aborted: boolean;
  span: Span | undefined;
}

function isUnusual({ headers, rawHeaders }: IncomingMessage): boolean {
  if (rawHeaders.length > 2 * MAX_HEADERS || headers.host === undefined) return true;
  for (const name of UNUSUAL) if (headers[name] !== undefined) return true;
  return false;
}
