import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authenticator, Caller, type Identity } from '#auth';
import { getTrace } from '#logging';
import type { RateLimiter } from '#rate-limit';
import type { HotHeartbeats } from '#registry-heartbeat';
import type { HotAnswers } from '#skills';
import type { ServerSpans } from '#tracing';
import type { FastifyInstance } from 'fastify';
import { parseJsonBody } from '../json-body.js';
import { LaneAnswers, type LaneAnswersRooms } from './lane-answers.js';
import { isPlain } from './plain-request.js';
import { giveBody, hasSmallJson, readSmallBody, registerGivenBodies } from './small-body.js';

/** Values of a body; a heartbeat has 8. */
const MAX_VALUES = 100;

export interface HotLaneRooms extends LaneAnswersRooms {
  answers: HotAnswers;
  authenticator: Authenticator;
  heartbeats: HotHeartbeats;
  limiter: RateLimiter;
  /** Undefined while tracing is off. */
  spans: ServerSpans | undefined;
  /** The address of the client, as Fastify's `request.ip`. */
  addressOf: (request: IncomingMessage) => string | undefined;
}

/**
 * Answers the most frequent requests before Fastify gets them: reads whose answers are in memory, and heartbeats. The work
 * of Fastify and its hooks would take several times as long. The lane sends answers with status 200 only; everything else goes to
 * Fastify as if the lane did not exist (docs/adr/0026).
 */
export class HotLane {
  private readonly lane: LaneAnswers;

  constructor(
    private readonly fastify: FastifyInstance,
    private readonly rooms: HotLaneRooms,
  ) {
    this.lane = new LaneAnswers(rooms);
  }

  /** Puts the lane before Fastify. Call it before Fastify is ready. */
  open(): void {
    const { server } = this.fastify;
    registerGivenBodies(this.fastify);
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      if (!this.serves(request, response)) this.fastify.routing(request, response);
    });
  }

  private serves(request: IncomingMessage, response: ServerResponse): boolean {
    const startedAt = performance.now();
    const { authenticator, draining } = this.rooms;
    if (draining.isDraining || !isPlain(request, response)) return false;
    const identity = authenticator.identityOf(request);
    if (!identity) return false;
    if (request.method === 'GET') return this.read(request, response, identity, startedAt);
    return request.method === 'POST' && this.beat(request, response, identity, startedAt);
  }

  private read(request: IncomingMessage, response: ServerResponse, identity: Identity, startedAt: number): boolean {
    const { answers, limiter, spans, addressOf } = this.rooms;
    const { url = '', headers } = request;
    const ready = headers['content-length'] === undefined ? answers.ready(identity, url) : undefined;
    if (!ready) return false;
    const limit = limiter.admit('reads', identity.clientId);
    if (limit === false) return false;
    answers.counts.hits += 1;
    const span = spans?.begin(request, { route: ready.route, url, address: addressOf(request) });
    this.lane.send({ request, response, caller: this.callerOf(request, identity), startedAt, limit, span }, ready);
    return true;
  }

  private beat(request: IncomingMessage, response: ServerResponse, identity: Identity, startedAt: number): boolean {
    const { heartbeats, limiter, spans, draining, metrics } = this.rooms;
    // A request that the lane hands over would have two spans.
    const skillId = spans || !hasSmallJson(request) ? undefined : heartbeats.skillFor(identity, request.url ?? '');
    if (skillId === undefined) return false;
    readSmallBody(request, (bytes) => {
      const body = bytes && parse(bytes);
      const limit = body === undefined ? false : limiter.admit('writes', identity.clientId);
      if (limit === false) {
        this.handOver(request, response, bytes);
        return;
      }
      const release = draining.hold();
      metrics.inFlight(1);
      const caller = this.callerOf(request, identity);
      heartbeats.beat(caller, skillId, body, (answer) => {
        metrics.inFlight(-1);
        if (answer) this.lane.send({ request, response, caller, path: request.url, startedAt, limit }, answer);
        else {
          if (limit) limiter.withdraw('writes', identity.clientId);
          this.handOver(request, response, bytes);
        }
        release();
      });
    });
    return true;
  }

  private callerOf(request: IncomingMessage, identity: Identity): Caller {
    const { traceId } = getTrace(request);
    return new Caller(identity, { traceId, address: this.rooms.addressOf(request) ?? '' });
  }

  private handOver(request: IncomingMessage, response: ServerResponse, body: Buffer | undefined): void {
    if (body) giveBody(request, body);
    this.fastify.routing(request, response);
  }
}

/** Returns undefined for a wrong body: Fastify answers what is wrong. */
function parse(bytes: Buffer): unknown {
  try {
    return parseJsonBody(bytes, MAX_VALUES);
  } catch {
    return undefined;
  }
}
