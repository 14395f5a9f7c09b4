import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller, Identity, Permission } from '#auth';
import { AddRouteConfig, CommonHeaders, CompiledValidator, envelopeTextOf, headerLines } from '#common';
import type { FastifyInstance } from 'fastify';
import { HeartbeatBody } from './heartbeat.dto.js';
import type { HeartbeatResponse } from './heartbeat.response.js';
import { HeartbeatsService } from './heartbeats.service.js';
import type { Waiter } from './heartbeat.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    isHeartbeat?: true;
  }
}

const BEAT: Permission = 'skill:register';
const CONTENT_TYPE = 'content-type';
const PARAMETER = ':skill_id';
/** As we make them. */
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ID_LENGTH = 36;

/** The route of single heartbeats. */
export function HeartbeatRoute(): MethodDecorator {
  return AddRouteConfig({ isHeartbeat: true });
}

/** What is known of the route once it has answered. */
export interface HeartbeatAnswers {
  /** Its template. */
  readonly route: string;
  /** What its path has before and after the id. */
  readonly before: string;
  readonly after: string;
  /** Headers of every answer. */
  readonly lines: string;
}

/**
 * Single heartbeats, which are most of the requests of a registry, for who answers requests before any hook has seen
 * them. What it does with one is what the route does; it learns from the route what its answers look like.
 */
@Injectable()
export class HotHeartbeats {
  /** Undefined until the route has answered once. */
  answers: HeartbeatAnswers | undefined;
  private readonly validator = CompiledValidator.of(HeartbeatBody);
  private readonly common = new CommonHeaders([CONTENT_TYPE]);
  private readonly refused = new WeakMap<IncomingMessage, unknown>();

  constructor(private readonly heartbeats: HeartbeatsService) {}

  /** Call it after all other hooks: they have a say in headers too. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      const { config, url = '' } = request.routeOptions;
      if (config.isHeartbeat && reply.statusCode === 200) {
        const headers = reply.getHeaders();
        const lines = this.common.of(headers) + headerLines({ [CONTENT_TYPE]: headers[CONTENT_TYPE] });
        const [before = '', after = ''] = url.split(PARAMETER);
        this.answers = { route: url, before, after, lines };
      }
      done();
    });
    // What was refused before comes here to be told so.
    fastify.addHook('preHandler', (request, _reply, done) => {
      const { raw } = request;
      if (this.refused.has(raw)) done(this.refused.get(raw) as Error);
      else done();
    });
  }

  /** The Skill that a heartbeat is for, by its URL; undefined: it is none, or is spelled in another way. */
  skillIdIn(url: string): string | undefined {
    if (!this.answers) return undefined;
    const { before, after } = this.answers;
    if (url.length !== before.length + ID_LENGTH + after.length) return undefined;
    if (!url.startsWith(before) || !url.endsWith(after)) return undefined;
    const id = url.slice(before.length, before.length + ID_LENGTH);
    return ID.test(id) ? id : undefined;
  }

  isAllowed(identity: Identity): boolean {
    return identity.permissions.has(BEAT);
  }

  /** The body, parsed, as a heartbeat; undefined: the route has to look at it. */
  accept(body: unknown): HeartbeatBody | undefined {
    return this.validator?.acceptSent(body);
  }

  /** Tells the body of the answer, or an error as `HeartbeatsService.beat` has them: hand that to `refuse`. */
  beat(waiter: Waiter<string>, caller: Caller, skillId: string, body: HeartbeatBody): void {
    const resolve = (response: HeartbeatResponse): void => {
      waiter.resolve(envelopeTextOf(response));
    };
    const reject = (error: unknown): void => {
      waiter.reject(error);
    };
    this.heartbeats.beatFor({ resolve, reject }, caller, skillId, body);
  }

  /** The same at once; undefined: nothing was done, `beat` has to. */
  beatSteady(caller: Caller, skillId: string, body: HeartbeatBody): string | undefined {
    const response = this.heartbeats.beatSteady(caller, skillId, body);
    return response && envelopeTextOf(response);
  }

  /** The request goes the normal way now, and is answered there with this error. */
  refuse(request: IncomingMessage, error: unknown): void {
    this.refused.set(request, error);
  }
}
