import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { isReservedClientId } from '#config';
import { redactStart, getRequestActor } from '#logging';
import { MetricsService } from '#metrics';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { getCaller, readOrigin, getRefusedCredential } from '../caller.js';
import type { AuditReason } from './audit-entry.entity.js';
import { type AuditAttempt, AuditLog } from './audit-log.js';
import { readClaimedClient, shortenClaimedName } from '../tokens/claimed-client.js';
import { RefusalSums } from './refusal-sums.js';

const MAX_QUEUE = 10_000;
const BATCH = 1_000;
const MINUTE_MS = 60_000;
/** Kinds of refusals that are counted at a time, for clients and for unknown callers separately, so that these leave room. */
const MAX_KINDS = 10_000;
/** Kinds for one sender without a valid token in a minute; all further ones are counted as one kind. */
const UNKNOWN_PER_MINUTE = 10;
const MAX_SENDERS = 10_000;
/** Characters; what is longer does not fit into an entry. */
const MAX_TEXT = 255;
export const ANONYMOUS = 'anonymous';

type Refusal = Omit<AuditAttempt, 'age'> & {
  at: number;
  /** The name of the actor is not verified. */
  isClaim: boolean;
};

/**
 * Requests that were refused, for the audit log: 403s, failed authentications at the token endpoint, and other 401s. The
 * first one of a client (or address), route and reason gets an entry at once; those that follow within a minute share one
 * entry with their number. For 429s the rate limits call `limited`, once for each client, class and minute. Entries wait in
 * memory (at most 10,000) and are written once a second, and when the service stops.
 */
@Injectable()
export class RefusedRequests {
  private queue: Refusal[] = [];
  private readonly ofClients = new RefusalSums<Refusal>(MINUTE_MS, MAX_KINDS);
  private readonly ofOthers = new RefusalSums<Refusal>(MINUTE_MS, MAX_KINDS);
  private readonly unknown = new Map<string, number>();
  private minute = 0;
  private readonly dropped;
  private readonly collapsed;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly log: AuditLog,
    metrics: MetricsService,
  ) {
    this.dropped = metrics.counter({
      name: 'audit_entries_dropped_total',
      help: 'Refused requests that are not in the audit log, because too many waited to be written.',
    });
    this.collapsed = metrics.counter({
      name: 'audit_entries_collapsed_total',
      help: 'Requests without a good token that are not in the audit log, because too many addresses sent such.',
    });
  }

  /** In onSend, which also runs for callers that hang up before they are answered. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (reply.statusCode >= 400) this.look(request, reply, payload);
      done();
    });
  }

  /** Writes the waiting entries; those that cannot be written stay. Call it one at a time. */
  async flush(): Promise<void> {
    this.takeSums(performance.now());
    while (this.queue.length > 0) {
      const batch = this.queue.slice(0, BATCH);
      const now = performance.now();
      const attempts = await this.withKnownActors(batch);
      await this.log.recordAttempts(
        this.dataSource,
        attempts.map(({ at, isClaim: _, ...refusal }) => ({ ...refusal, age: now - at })),
      );
      this.queue = this.queue.slice(batch.length);
    }
  }

  /** At shutdown: the next flush writes the sums so far. */
  endWindows(): void {
    this.takeSums(Number.POSITIVE_INFINITY);
  }

  /** At shutdown: entries that still wait after the last flush are lost. */
  giveUp(): void {
    for (const { requests = 1 } of this.queue) this.dropped.inc(requests);
    this.queue = [];
  }

  /** Notes a 429 of a client, or of a claimed client. The caller of this method limits how often it is noted. */
  limited(request: FastifyRequest, clientId: string | undefined, reason: AuditReason): void {
    this.enqueue(toRefusal(request, 'denied', clientId, reason));
  }

  private look(request: FastifyRequest, { statusCode }: FastifyReply, payload: unknown): void {
    const { config } = request.routeOptions;
    if (statusCode === 403) {
      this.add(this.ofClients, toRefusal(request, 'denied', getCaller(request)?.clientId));
    } else if (config.oauthErrors && (statusCode === 401 || isRefusedGrant(payload))) {
      const { clientId, reason } = getRefusedCredential(request) ?? {};
      const actor = getCaller(request)?.clientId ?? clientId ?? readClaimedClient(request).clientId;
      this.add(this.ofClients, toRefusal(request, 'failed', actor, reason));
    } else if (statusCode === 401) {
      const { clientId = getRequestActor(request), reason } = getRefusedCredential(request) ?? {};
      this.addUnknown(toRefusal(request, 'failed', clientId, reason), clientId);
    }
  }

  private addUnknown(refusal: Refusal, clientId: string | undefined): void {
    const sender = clientId === undefined ? `address ${refusal.actor.origin.address}` : `client ${clientId}`;
    const sums = clientId === undefined ? this.ofOthers : this.ofClients;
    const kind = classify(refusal);
    if (sums.has(kind) || !this.isOneTooMany(sender)) this.add(sums, refusal, kind);
    // After ten kinds, all others are one kind: a sender that tries many routes must not fill the log.
    else if (sums.has(sender) || !sums.isFull) this.add(sums, refusal, sender);
    else this.collapsed.inc();
  }

  private add(sums: RefusalSums<Refusal>, refusal: Refusal, kind = classify(refusal)): void {
    if (sums.add(kind, refusal, refusal.at)) this.enqueue(refusal);
  }

  private takeSums(now: number): void {
    for (const sums of [this.ofClients, this.ofOthers]) {
      for (const { last, count } of sums.take(now)) this.enqueue({ ...last, requests: count });
    }
  }

  private enqueue(refusal: Refusal): void {
    if (this.queue.length < MAX_QUEUE) this.queue.push(refusal);
    else this.dropped.inc(refusal.requests ?? 1);
  }

  /** Shortens claimed names that no client has: they may be secrets that were sent in place of the id. */
  private async withKnownActors(batch: readonly Refusal[]): Promise<Refusal[]> {
    const claimed = [...new Set(batch.filter(({ isClaim }) => isClaim).map(({ actor }) => actor.clientId))];
    // PostgreSQL refuses a text with NUL, and half of a surrogate pair; no client has one in its id.
    const possible = claimed.filter((id) => !id.includes('\u0000') && id.isWellFormed());
    if (claimed.length === 0) return [...batch];
    const rows = await this.dataSource.query<{ client_id: string; spaces: string[] | null }[]>(
      'SELECT client_id, spaces FROM clients WHERE client_id = ANY($1)',
      [possible],
    );
    const known = new Map(rows.map(({ client_id, spaces }) => [client_id, spaces]));
    return batch.map((refusal) => {
      const { isClaim, actor } = refusal;
      if (!isClaim) return refusal;
      if (known.has(actor.clientId)) return { ...refusal, spaces: known.get(actor.clientId) };
      const clientId = isReservedClientId(actor.clientId) ? ANONYMOUS : shortenClaimedName(actor.clientId);
      return { ...refusal, actor: { ...actor, clientId } };
    });
  }

  private isOneTooMany(sender: string): boolean {
    const minute = Math.floor(performance.now() / MINUTE_MS);
    if (minute !== this.minute) this.unknown.clear();
    this.minute = minute;
    const count = this.unknown.get(sender) ?? 0;
    if (count >= UNKNOWN_PER_MINUTE || (count === 0 && this.unknown.size >= MAX_SENDERS)) return true;
    this.unknown.set(sender, count + 1);
    return false;
  }
}

function toRefusal(
  request: FastifyRequest,
  result: Refusal['result'],
  clientId: string | undefined,
  reason?: AuditReason,
): Refusal {
  return {
    actor: {
      clientId: (clientId ?? ANONYMOUS).slice(0, MAX_TEXT),
      origin: readOrigin(request),
      spaces: getCaller(request)?.spaces,
    },
    action: `${request.method} ${request.routeOptions.url ?? 'unmatched'}`,
    // Without the query string, which may contain tokens and personal data.
    target: redactStart(request.originalUrl.split(/[?#]/, 1)[0] ?? '', MAX_TEXT),
    result,
    ...(reason && { reason }),
    at: performance.now(),
    isClaim: request.routeOptions.config.oauthErrors === true,
  };
}

/** The kind of a refusal. For senders without a verified name, the address is a part of it. */
function classify({ actor, action, result, reason, isClaim }: Refusal): string {
  const isNamed = actor.clientId !== ANONYMOUS && !isClaim;
  return JSON.stringify([actor.clientId, isNamed ? '' : actor.origin.address, action, result, reason]);
}

/** An invalid refresh token is a failed authentication too; RFC 6749 section 5.2 answers it with 400. */
function isRefusedGrant(payload: unknown): boolean {
  return typeof payload === 'string' && payload.startsWith('{"error":"invalid_grant"');
}
