import { Inject, Injectable } from '@nestjs/common';
import { Authenticator, type Caller, type Identity, type Permission } from '#auth';
import { keptHeaders, noneMatch, toSkillUuid } from '#common';
import { type CatalogueSettings, catalogueSettings } from '#config';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CatalogueChanges, type ReadStart } from './catalogue-changes.js';
import { viewOf } from './caller-view.js';
import { ownBytes, ReadyAnswers, type ReadyAnswer } from './ready-answers.js';

/** Headers that the routes set. Hooks set the others for each request. */
const SKILL_HEADERS = ['cache-control', 'etag', 'deprecation', 'sunset'] as const;
const ROUTE_HEADERS = ['content-type', 'x-total-count', 'link', ...SKILL_HEADERS] as const;
const READ: Permission = 'skill:read';

/** A request whose answer may be kept. */
interface Miss {
  readonly key: string;
  readonly start: ReadStart;
  readonly skillId: string | undefined;
}

const MISS = Symbol('miss');
type Missed = FastifyRequest & { [MISS]?: Miss };

/**
 * Answers reads from memory, before guards, validation and handlers run: they have passed an equal request before, with the
 * same URL and from a caller who sees the same Skills. Each request is still authenticated, and the hooks before this one
 * have counted, logged and measured it (docs/adr/0019).
 */
@Injectable()
export class HotAnswers {
  /** Since the start of the process. */
  readonly counts = { hits: 0, misses: 0 };
  readonly answers: ReadyAnswers | undefined;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly changes: CatalogueChanges,
    @Inject(catalogueSettings.KEY) { maxBytes }: CatalogueSettings,
  ) {
    if (maxBytes > 0) this.answers = new ReadyAnswers(maxBytes);
  }

  /** Call it after all other hooks: they apply to these answers too. */
  watch(fastify: FastifyInstance): void {
    const { answers } = this;
    if (answers === undefined) return;
    fastify.addHook('onRequest', (request, reply, done) => {
      // HEAD has the same configuration.
      if (request.routeOptions.config.hot === undefined || request.method !== 'GET') {
        done();
        return;
      }
      const next = (caller: Caller): void => {
        if (!this.answer(answers, caller, request, reply)) done();
      };
      const known = this.authenticator.recognize(request);
      if (known) next(known);
      // The guard authenticates again, and answers what is wrong.
      else
        this.authenticator.authenticate(request).then(next, () => {
          done();
        });
    });
    fastify.addHook('onSend', (request, reply, payload, done) => {
      const miss = (request as Missed)[MISS];
      if (miss && reply.statusCode === 200 && typeof payload === 'string') this.keep(answers, miss, reply, payload);
      done();
    });
  }

  /** Returns the answer to this URL for this client, if it is in memory. The sender counts the hit. */
  ready(identity: Identity, url: string): ReadyAnswer | undefined {
    const { answers } = this;
    const key = this.keyOf(identity, url);
    return answers && key !== undefined ? this.find(answers, key) : undefined;
  }

  /** Returns undefined if the client may not read, and while changes of other replicas are not heard. */
  private keyOf(identity: Identity, url: string): string | undefined {
    if (!this.changes.isCurrent || !identity.permissions.has(READ)) return undefined;
    return `${viewOf(identity)} ${url}`;
  }

  private find(answers: ReadyAnswers, key: string): ReadyAnswer | undefined {
    const ready = answers.get(key);
    if (!ready || this.changes.holds(ready.start, ready.skillId)) return ready;
    answers.delete(key);
    return undefined;
  }

  private answer(answers: ReadyAnswers, caller: Caller, request: FastifyRequest, reply: FastifyReply): boolean {
    const key = this.keyOf(caller.identity, request.url);
    if (key === undefined) return false;
    const ready = this.find(answers, key);
    if (ready) {
      this.counts.hits += 1;
      send(ready, request, reply);
      return true;
    }
    this.counts.misses += 1;
    // The answer with `explain` depends on more than Skills.
    if ('explain' in (request.query as object)) return false;
    const skillId = skillIdOf(request);
    (request as Missed)[MISS] = { key, start: this.changes.start(), skillId };
    return false;
  }

  private keep(answers: ReadyAnswers, { key, start, skillId }: Miss, reply: FastifyReply, payload: string): void {
    if (!this.changes.holds(start, skillId)) return;
    const all = reply.getHeaders();
    const routeHeaders: Record<string, string> = {};
    for (const name of ROUTE_HEADERS) if (all[name] !== undefined) routeHeaders[name] = String(all[name]);
    const route = reply.request.routeOptions.url ?? '';
    const headers = keptHeaders(all);
    answers.set(key, { start, skillId, route, routeHeaders, headers, body: bodyOf(payload) });
  }
}

function bodyOf(payload: string): string | Buffer {
  const bytes = ownBytes(payload);
  // Decoding makes one flat string of it; the payload may be a rope of many parts.
  return bytes.length === payload.length ? bytes.toString('latin1') : bytes;
}

/** The UUID, as changes name it; the path may have another spelling or the external id. */
function skillIdOf({ params, routeOptions }: FastifyRequest): string | undefined {
  const { skillParameter } = routeOptions.config.hot ?? {};
  const id = skillParameter && (params as Record<string, string>)[skillParameter];
  return id === undefined ? undefined : toSkillUuid(id);
}

function send({ routeHeaders, body }: ReadyAnswer, request: FastifyRequest, reply: FastifyReply): void {
  const { etag } = routeHeaders;
  if (etag !== undefined && !noneMatch(request.headers['if-none-match'], etag)) {
    for (const name of SKILL_HEADERS) if (routeHeaders[name] !== undefined) void reply.header(name, routeHeaders[name]);
    void reply.status(304).send();
    return;
  }
  for (const name in routeHeaders) void reply.header(name, routeHeaders[name]);
  void reply.send(body);
}
