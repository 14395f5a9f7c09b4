import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Caller } from '#auth';
import { traceOf } from '#logging';
import type { HotHeartbeats } from '#registry-heartbeat';
import { parseJsonBody } from '../json-body.js';
import type { LaneAnswer, LaneAnswers, LaneRequest, LaneRooms } from './lane-answers.js';
import { isPlain } from './plain-request.js';

/** Headers with which a heartbeat is more than one. */
const UNUSUAL = ['content-encoding', 'idempotency-key'] as const;
const CONTENT_TYPES = new Set(['application/json', 'application/json; charset=utf-8']);
/** Bytes of the body. With all that it may hold a heartbeat has some 2,300 of them, and few have more than 200. */
const MAX_BODY = 2048;
const SIZE = /^[1-9]\d{0,3}$/;

/** A heartbeat that has come whole. */
interface Beat extends LaneRequest {
  skillId: string;
  /** Bytes of the body. */
  size: number;
  /** Headers of its answer. */
  lines: string;
}
type Body = NonNullable<ReturnType<HotHeartbeats['accept']>>;

/** Takes single heartbeats whose body came together with their head, as small ones do. */
export class HotBeats {
  constructor(
    private readonly heartbeats: HotHeartbeats,
    private readonly rooms: LaneRooms,
    private readonly lane: LaneAnswers,
    private readonly listener: RequestListener,
  ) {}

  /** False: it goes the normal way. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const startedAt = performance.now();
    const { answers } = this.heartbeats;
    if (request.method !== 'POST' || answers === undefined || !isPlain(request, response, UNUSUAL)) return false;
    const { url: path = '' } = request;
    const skillId = this.heartbeats.skillIdIn(path);
    const size = skillId === undefined ? undefined : smallSizeOf(request);
    if (skillId === undefined || size === undefined) return false;
    const identity = this.rooms.authenticator.identityOf(request);
    if (!identity || !this.heartbeats.isAllowed(identity)) return false;
    const { route, lines } = answers;
    const beat: Beat = { request, response, method: 'POST', route, path, identity, startedAt, skillId, size, lines };
    // Node has read the head only; what came with it is there in a moment.
    process.nextTick(() => {
      const body = this.read(beat);
      if (body) this.beat(beat, body);
      else this.listener(request, response);
    });
    return true;
  }

  /** Leaves the body in the request, for who may have to read it again. */
  private read(beat: Beat): Body | undefined {
    const { request, response, size, identity } = beat;
    if (request.readableLength !== size || response.socket === null) return undefined;
    const bytes = request.read(size) as Buffer;
    request.unshift(bytes);
    const body = this.parse(bytes);
    const limit = body && this.rooms.limiter.admit('writes', identity.clientId);
    if (limit === false) return undefined;
    beat.limit = limit;
    return body;
  }

  private parse(bytes: Buffer): Body | undefined {
    try {
      return this.heartbeats.accept(parseJsonBody(bytes, MAX_BODY));
    } catch {
      // The normal way says what is wrong with it.
      return undefined;
    }
  }

  private beat(beat: Beat, body: Body): void {
    const { request, identity, skillId } = beat;
    const { traceId } = traceOf(request);
    const caller = new Caller(identity, { traceId, address: this.rooms.addressOf(request) ?? '' });
    const text = this.heartbeats.beatSteady(caller, skillId, body);
    if (text === undefined) this.beatLater(caller, beat, body);
    else this.lane.send(beat, answerOf(beat, text));
  }

  private beatLater(caller: Caller, beat: Beat, body: Body): void {
    const { draining, metrics } = this.rooms;
    const release = draining.hold();
    metrics.inFlight(1);
    const end = (): void => {
      metrics.inFlight(-1);
      release();
    };
    const resolve = (text: string): void => {
      this.lane.send(beat, answerOf(beat, text));
      end();
    };
    const reject = (error: unknown): void => {
      this.refuse(beat, error);
      end();
    };
    this.heartbeats.beat({ resolve, reject }, caller, beat.skillId, body);
  }

  /** By the normal way, where all that is refused is noted. */
  private refuse({ request, response, limit }: Beat, error: unknown): void {
    if (limit) this.rooms.limiter.handOver(request, limit);
    this.heartbeats.refuse(request, error);
    this.listener(request, response);
  }
}

/** What the text says is ASCII. */
function answerOf({ lines }: Beat, body: string): LaneAnswer {
  return { lines, body };
}

function smallSizeOf({ headers }: IncomingMessage): number | undefined {
  const { 'content-type': type = '', 'content-length': length = '' } = headers;
  return CONTENT_TYPES.has(type) && SIZE.test(length) && Number(length) <= MAX_BODY ? Number(length) : undefined;
}
