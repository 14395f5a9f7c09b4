import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '#auth';
import { CLIENT_CLOSED_REQUEST, isSentWhole } from '#common';
import { formatTraceparent, type PinoLogger, getTrace, writeAccess } from '#logging';
import type { HttpMetrics } from '#metrics';
import type { LimitHeaders } from '#rate-limit';
import { endServed, type Span } from '#tracing';
import type { Draining } from '../draining.js';

export interface LaneAnswersRooms {
  draining: Draining;
  logger: PinoLogger;
  metrics: HttpMetrics;
}

/** A request that the hot lane answers. */
export interface LaneRequest {
  request: IncomingMessage;
  response: ServerResponse;
  caller: Caller;
  /** The path, if it is known to contain no secret: the log then need not search it. */
  path?: string | undefined;
  /** By `performance.now()`. */
  startedAt: number;
  /** Undefined: requests of this class have no limit. */
  limit: LimitHeaders | undefined;
  /** Undefined while tracing is off. */
  span?: Span | undefined;
}

/** An answer with status 200. */
export interface LaneAnswer {
  /** The template of the route. */
  readonly route: string;
  /** The headers that are the same each time: name, value, name, value and so on, as `writeHead` takes them. */
  readonly headers: readonly string[];
  /** A text has ASCII characters only. */
  readonly body: string | Buffer;
}

/** Sends the answers of the hot lane, and does what hooks of Fastify do for others: trace, limits, access log, metrics. */
export class LaneAnswers {
  private waiting: [LaneRequest, LaneAnswer][] = [];

  constructor(private readonly rooms: LaneAnswersRooms) {}

  /** Sends all answers of one turn of the event loop together: a client on the same machine wakes up once for all of them. */
  send(request: LaneRequest, answer: LaneAnswer): void {
    if (this.waiting.push([request, answer]) > 1) return;
    const release = this.rooms.draining.hold();
    setImmediate(() => {
      const { waiting } = this;
      this.waiting = [];
      for (const [each, its] of waiting) this.write(each, its);
      release();
    });
  }

  private write(exchange: LaneRequest, { route, headers, body }: LaneAnswer): void {
    const { request, response, limit } = exchange;
    const { socket } = response;
    if (socket === null || socket.destroyed) {
      this.finish(exchange, route, undefined);
      return;
    }
    const release = this.rooms.draining.hold();
    response.on('close', () => {
      release();
      this.finish(exchange, route, body.length);
    });
    const trace = getTrace(request);
    const all = headers.concat(
      'content-length',
      String(body.length),
      'traceparent',
      formatTraceparent(trace),
      'x-trace-id',
      trace.traceId,
    );
    if (limit) all.push('ratelimit-policy', limit.policy, 'ratelimit', limit.rest);
    if (this.rooms.draining.isDraining) all.push('connection', 'close');
    response.writeHead(200, all);
    // Head and text go out in one system call. `end(body)` would add an empty piece, and take a tenth longer in all.
    socket.cork();
    response.write(body, 'latin1');
    socket.uncork();
    response.end();
  }

  /** `bytes`: of the body; undefined if the client hung up before the answer. */
  private finish(exchange: LaneRequest, route: string, bytes: number | undefined): void {
    const { request, response, caller, path, startedAt, span } = exchange;
    const { logger, metrics } = this.rooms;
    const { method = '', url = '', headers } = request;
    const durationMs = performance.now() - startedAt;
    const status = bytes === undefined ? CLIENT_CLOSED_REQUEST : 200;
    const aborted = bytes === undefined || !isSentWhole(request, response);
    const client = caller.clientId;
    if (span) endServed(span, { status: bytes === undefined ? undefined : status, client });
    metrics.answered({ method, route, status }, durationMs / 1000);
    writeAccess(logger, 'info', {
      method,
      url,
      path,
      route,
      status,
      durationMs,
      bytes: aborted ? undefined : bytes,
      client,
      address: caller.origin.address,
      userAgent: headers['user-agent'],
      traceId: caller.origin.traceId,
      aborted,
    });
  }
}
