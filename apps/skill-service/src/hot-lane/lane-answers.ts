import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator, Identity } from '#auth';
import { CLIENT_CLOSED_REQUEST, isSentWhole } from '#common';
import { formatTraceparent, type PinoLogger, traceOf, writeAccess } from '#logging';
import type { HttpMetrics } from '#metrics';
import type { LimitHeaders, RateLimiter } from '#rate-limit';
import { endServed, type ServerSpans, type Span } from '#tracing';
import type { Draining } from '../draining.js';
import { sendWhole } from './whole-answer.js';

/** Who has a say in every request. */
export interface LaneRooms {
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

/** A request that is answered here. */
export interface LaneRequest {
  request: IncomingMessage;
  response: ServerResponse;
  method: 'GET' | 'POST';
  /** The template of its route. */
  route: string;
  /** Its path, where it is known to hold nothing but ids. */
  path?: string | undefined;
  identity: Identity;
  /** By `performance.now()`. */
  startedAt: number;
  /** Undefined: there is none. */
  limit?: LimitHeaders | undefined;
  span?: Span | undefined;
}

/** What it is answered with. */
export interface LaneAnswer {
  /** Headers, beside those that belong to every answer. */
  lines: string;
  /** A text has one character for each of its bytes. */
  body: string | Buffer;
}

/** Sends answers, and sees to all that hooks would have done about it: trace, limits, access log, metrics. */
export class LaneAnswers {
  private waiting: [LaneRequest, LaneAnswer][] = [];
  private release: () => void = () => undefined;
  private readonly keepAlive: string;

  /** `keepAliveMs`: how long a connection may be quiet. */
  constructor(
    private readonly rooms: LaneRooms,
    keepAliveMs: number,
  ) {
    this.keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n`;
  }

  /**
   * Sends it together with all others of this turn of the event loop. A caller on the same machine is woken up once for
   * all of them; one by one, waking it up would cost more than all the rest. What there is to note comes after the last.
   */
  send(request: LaneRequest, answer: LaneAnswer): void {
    if (this.waiting.push([request, answer]) > 1) return;
    this.release = this.rooms.draining.hold();
    setImmediate(() => {
      const { waiting, release } = this;
      this.waiting = [];
      try {
        const notes = waiting.map(([each, its]) => this.put(each, its));
        for (const note of notes) note();
      } finally {
        release();
      }
    });
  }

  /** Gives it to the operating system. Returns what is to be done about it then. */
  private put(exchange: LaneRequest, { lines, body }: LaneAnswer): () => void {
    const { request, response, limit } = exchange;
    const { socket } = response;
    if (socket === null || socket.destroyed) {
      return () => {
        this.finish(exchange, CLIENT_CLOSED_REQUEST, undefined);
      };
    }
    const trace = traceOf(request);
    let head = `${lines}traceparent: ${formatTraceparent(trace)}\r\nx-trace-id: ${trace.traceId}\r\n`;
    if (limit) head += `ratelimit-policy: ${limit.policy}\r\nratelimit: ${limit.rest}\r\n`;
    if (this.rooms.draining.isDraining) {
      head += 'Connection: close\r\n';
      response.once('finish', () => {
        socket.destroySoon();
      });
    } else head += this.keepAlive;
    sendWhole(response, head, body);
    const durationMs = performance.now() - exchange.startedAt;
    // All of it is with the operating system already, unless the caller reads slowly.
    if (socket.writableLength === 0) {
      return () => {
        this.finish(exchange, 200, body.length, durationMs);
      };
    }
    const release = this.rooms.draining.hold();
    response.once('close', () => {
      release();
      this.finish(exchange, 200, isSentWhole(request, response) ? body.length : undefined);
    });
    return () => undefined;
  }

  /** `bytes` of the body that were sent; undefined: the caller hung up before it had them. */
  private finish(
    exchange: LaneRequest,
    status: number,
    bytes: number | undefined,
    durationMs = performance.now() - exchange.startedAt,
  ): void {
    const { request, method, route, path, identity, span } = exchange;
    const { logger, metrics, addressOf } = this.rooms;
    const { clientId } = identity;
    if (span) endServed(span, { status: status === CLIENT_CLOSED_REQUEST ? undefined : status, client: clientId });
    metrics.answered({ method, route, status }, durationMs / 1000);
    writeAccess(logger, 'info', {
      method,
      url: request.url ?? '',
      path,
      route,
      status,
      durationMs,
      bytes,
      client: clientId,
      address: addressOf(request),
      userAgent: request.headers['user-agent'],
      traceId: traceOf(request).traceId,
      aborted: bytes === undefined,
    });
  }
}
