import type { RequestListener, Server } from 'node:http';
import type { HotHeartbeats } from '#registry-heartbeat';
import type { HotAnswers } from '#skills';
import { HotBeats } from './hot-beats.js';
import { HotReads } from './hot-reads.js';
import { LaneAnswers, type LaneRooms } from './lane-answers.js';
import { canSendWhole } from './whole-answer.js';

export interface HotLaneRooms extends LaneRooms {
  answers: HotAnswers;
  heartbeats: HotHeartbeats;
}

/**
 * Answers the most frequent requests before Fastify sees them: what its hooks do for each request costs three times
 * what sending does. The same is counted, limited, measured, logged and traced here, by the same rooms; whatever is
 * not a plain request of a caller who is known goes the normal way (docs/adr/0026). Call it when the server has its
 * listener.
 */
export function openHotLane(server: Server, rooms: HotLaneRooms): void {
  if (!canSendWhole() || (server.maxRequestsPerSocket ?? 0) > 0) return;
  const [listener, ...others] = server.listeners('request') as RequestListener[];
  if (listener === undefined || others.length > 0) throw new Error('A server with one listener was expected');
  const lane = new LaneAnswers(rooms, server.keepAliveTimeout);
  const reads = new HotReads(rooms.answers, rooms, lane);
  // A request that goes the normal way in the end would have two spans.
  const beats = rooms.spans ? undefined : new HotBeats(rooms.heartbeats, rooms, lane, listener);
  const isTaken: (...exchange: Parameters<RequestListener>) => boolean = (request, response) =>
    reads.answer(request, response) || beats?.take(request, response) === true;
  server.off('request', listener);
  server.on('request', (request, response) => {
    if (rooms.draining.isDraining || !isTaken(request, response)) listener(request, response);
  });
}
