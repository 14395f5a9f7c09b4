import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { isReservedClientId } from '#config';
import { redactText, requestActorOf } from '#logging';
import { MetricsService } from '#metrics';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { callerOf, originOf, refusedCredentialOf } from '../caller.js';
import type { AuditReason } from './audit-entry.entity.js';
import { type AuditAttempt, AuditLog } from './audit-log.js';
import { claimedClientOf, claimedName } from './claimed-client.js';

const MAX_QUEUE = 10_000;
const BATCH = 1_000;
/** Requests without a good token, per address, or per client whose token was good once: what anybody can send must not fill the log. */
const UNKNOWN_PER_MINUTE = 10;
const MAX_SENDERS = 10_000;
const MINUTE_MS = 60_000;
export const ANONYMOUS = 'anonymous';

type Refusal = Omit<AuditAttempt, 'age'> & {
  at: number;
  /** Nobody has confirmed that the actor is who it says. */
  isClaim: boolean;
};

/**
 * Requests that were refused, for the audit log: every 403, every failed authentication at the token endpoint, and of
 * other 401s ten per sender and minute; of 429s those that the limits name, one per client, class and minute. They wait in memory (10,000 at most) and are written once a second.
 */
@Injectable()
export class RefusedRequests {
  private queue: Refusal[] = [];
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
      help: 'Requests without a good token that are not in the audit log, because their sender had enough there.',
    });
  }

  /** In onSend, which also runs for callers that hang up before they are answered. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (reply.statusCode >= 400) this.look(request, reply, payload);
      done();
    });
  }

  /** Writes what waits; what cannot be written goes on waiting. Call it one at a time. */
  async flush(): Promise<void> {
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

  /** The service ends: what waits after a last flush is lost. */
  giveUp(): void {
    this.dropped.inc(this.queue.length);
    this.queue = [];
  }

  /** Of a client, or what claims to be one, that asks for too much. Whoever calls it sees to how often. */
  limited(request: FastifyRequest, clientId: string | undefined, reason: AuditReason): void {
    this.add(request, 'denied', clientId, reason);
  }

  private look(request: FastifyRequest, { statusCode }: FastifyReply, payload: unknown): void {
    const { config } = request.routeOptions;
    if (statusCode === 403) {
      this.add(request, 'denied', callerOf(request)?.clientId);
    } else if (config.oauthErrors && (statusCode === 401 || isRefusedGrant(payload))) {
      const { clientId, reason } = refusedCredentialOf(request) ?? {};
      this.add(request, 'failed', callerOf(request)?.clientId ?? clientId ?? claimedClientOf(request), reason);
    } else if (statusCode === 401) {
      const { clientId = requestActorOf(request), reason } = refusedCredentialOf(request) ?? {};
      const sender = clientId === undefined ? `address:${request.ip}` : `client:${clientId}`;
      if (this.isOneTooMany(sender)) this.collapsed.inc();
      else this.add(request, 'failed', clientId, reason);
    }
  }

  private add(
    request: FastifyRequest,
    result: Refusal['result'],
    clientId: string | undefined,
    reason?: AuditReason,
  ): void {
    if (this.queue.length >= MAX_QUEUE) {
      this.dropped.inc();
      return;
    }
    this.queue.push({
      actor: { clientId: clientId ?? ANONYMOUS, origin: originOf(request), spaces: callerOf(request)?.spaces },
      action: `${request.method} ${request.routeOptions.url ?? 'unmatched'}`,
      // Without the query string: tokens and personal data travel there.
      target: redactText(request.originalUrl.split(/[?#]/, 1)[0] ?? ''),
      result,
      ...(reason && { reason }),
      at: performance.now(),
      isClaim: request.routeOptions.config.oauthErrors === true,
    });
  }

  /** Where somebody has sent a secret in the place of the id, what is written is no client's id. */
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
      const clientId = isReservedClientId(actor.clientId) ? ANONYMOUS : claimedName(actor.clientId);
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

/** A refresh token that does not hold is a failed authentication too, which RFC 6749 section 5.2 answers by 400. */
function isRefusedGrant(payload: unknown): boolean {
  return typeof payload === 'string' && payload.startsWith('{"error":"invalid_grant"');
}
