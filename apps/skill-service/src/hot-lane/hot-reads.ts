import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HotAnswers } from '#skills';
import type { LaneAnswers, LaneRooms } from './lane-answers.js';
import { isPlain } from './plain-request.js';

/** Headers with which a request is more than the plain repetition of one: it has a body, or compares. */
const UNUSUAL = ['content-length', 'if-none-match'] as const;

/** Sends ready answers. */
export class HotReads {
  constructor(
    private readonly answers: HotAnswers,
    private readonly rooms: LaneRooms,
    private readonly lane: LaneAnswers,
  ) {}

  /** False: it goes the normal way. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const startedAt = performance.now();
    const { authenticator, limiter, spans, addressOf } = this.rooms;
    if (request.method !== 'GET' || !isPlain(request, response, UNUSUAL)) return false;
    const identity = authenticator.identityOf(request);
    const { url = '' } = request;
    const ready = identity && this.answers.ready(identity, url);
    if (!ready) return false;
    const limit = limiter.admit('reads', identity.clientId);
    if (limit === false) return false;
    this.answers.counts.hits += 1;
    const { route, body } = ready;
    const span = spans?.begin(request, { route, url, address: addressOf(request) });
    const exchange = { request, response, method: 'GET', route, identity, startedAt, limit, span } as const;
    this.lane.send(exchange, { lines: ready.commonLines + ready.lines, body });
    return true;
  }
}
