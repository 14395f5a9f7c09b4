import { Injectable } from '@nestjs/common';
import type { Caller, Identity, Permission } from '#auth';
import { AddRouteConfig, CompiledValidator, writeEnvelope, keptHeaders } from '#common';
import type { FastifyInstance } from 'fastify';
import { HeartbeatBody } from './heartbeat.dto.js';
import { HeartbeatsService } from './heartbeats.service.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    isHeartbeat?: true;
  }
}

const PERMISSION: Permission = 'skill:register';
/** A UUID in lower case, as this service writes them. Other ids take the usual way. */
const SKILL_ID = '([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})';

/** Marks the route for a single heartbeat. */
export function HeartbeatRoute(): MethodDecorator {
  return AddRouteConfig({ isHeartbeat: true });
}

/** An answer of the route to a heartbeat that has renewed a lease. */
export interface HeartbeatAnswer {
  /** The template of the route. */
  readonly route: string;
  /** Name, value, name, value and so on, as `writeHead` takes them. */
  readonly headers: readonly string[];
  /** ASCII. */
  readonly body: string;
}

interface KnownRoute {
  readonly route: string;
  readonly headers: readonly string[];
  readonly path: RegExp;
}

/**
 * Answers single heartbeats in the hot lane, which runs before Fastify (docs/adr/0026), because most requests of a registry
 * are heartbeats. Its answers copy the headers of the last heartbeat that Fastify answered.
 */
@Injectable()
export class HotHeartbeats {
  /** Undefined until Fastify has answered a heartbeat. */
  private known: KnownRoute | undefined;
  private readonly validator = CompiledValidator.of(HeartbeatBody);

  constructor(private readonly heartbeats: HeartbeatsService) {}

  /** Call it after all other hooks are added, because they set headers too. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      const { config, url: route = '' } = request.routeOptions;
      if (config.isHeartbeat && reply.statusCode === 200) {
        const path = this.known?.path ?? new RegExp(`^${route.replace(':skill_id', SKILL_ID)}$`);
        this.known = { route, headers: keptHeaders(reply.getHeaders()), path };
      }
      done();
    });
  }

  /** Returns the id of the Skill that a POST to this URL renews; undefined if it is not a heartbeat or not permitted. */
  skillFor(identity: Identity, url: string): string | undefined {
    if (!identity.permissions.has(PERMISSION)) return undefined;
    return this.known?.path.exec(url)?.[1];
  }

  /**
   * Renews a lease and calls `done` with the answer, possibly before it returns. Calls `done` with undefined if the
   * heartbeat is invalid, is refused or needs a decision by PostgreSQL; then it did nothing, and the route has to serve the
   * request.
   */
  beat(caller: Caller, skillId: string, body: unknown, done: (answer: HeartbeatAnswer | undefined) => void): void {
    const accepted = this.validator?.accept(body);
    const { known } = this;
    if (!accepted || !known) done(undefined);
    else {
      this.heartbeats.tryBeat(caller, skillId, accepted, (response) => {
        done(response && { route: known.route, headers: known.headers, body: writeEnvelope(response) });
      });
    }
  }
}
