import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { newId } from '#common';
import type { Transaction } from '#database';
import { PeriodicJob } from '#scheduling';
import { DataSource, LessThan } from 'typeorm';
import { RevocationEntity, type RevocationKind } from './revocation.entity.js';

/** The parts of a credential that can be revoked. */
export interface Revocable {
  readonly clientId: string;
  /** Of the client when the token was issued. */
  readonly clientVersion?: number;
  /** `jti`. */
  readonly tokenId?: string;
  readonly sessionId?: string;
  readonly keyId?: string;
  /** Of the key when it was read. */
  readonly keyVersion?: number;
}

export interface Revocation {
  kind: RevocationKind;
  subject: string;
  /** For a client or a key: the oldest version that is still valid. Absent: none is. */
  minVersion?: number;
  /** When the last revoked credential expires by itself. */
  expiresAt: Date;
}

interface Row {
  kind: RevocationKind;
  subject: string;
  min_version: number | null;
  /** Null: never. */
  expires_at: Date | null;
  /** False for a caller of the identity provider that may call again. */
  holds: boolean;
}

/** Every replica learns of a revocation within this time, plus half a second for the query. */
const POLL_MS = 500;
/** A transaction may commit this much later than it began, so rows are read again for this time. */
const OVERLAP_S = 60;
const PURGE_EVERY_MS = 600_000;

/**
 * Revoked credentials, cached by every replica, so that a request needs no query. It is read from PostgreSQL twice a second;
 * during an outage the last list is used. Entries go when the token expires; only those of callers of the identity
 * provider stay.
 */
@Injectable()
export class RevocationList implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly revoked = new Map<string, { minVersion: number; expiresAt: number }>();
  private isComplete = false;
  private readonly polling: PeriodicJob;
  private readonly purging: PeriodicJob;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    scheduler: SchedulerRegistry,
  ) {
    const context = 'auth';
    const poll = { name: 'revocation-list', everyMs: POLL_MS, context, subject: 'The list of revocations' };
    const purge = {
      name: 'revocation-purge',
      everyMs: PURGE_EVERY_MS,
      context,
      subject: 'Deleting expired revocations',
    };
    this.polling = new PeriodicJob(scheduler, poll, () => this.load());
    this.purging = new PeriodicJob(scheduler, purge, () => this.purge());
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.load();
    this.polling.start();
    this.purging.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.polling.stop(), this.purging.stop()]);
  }

  isRevoked({ clientId, clientVersion = 0, tokenId, sessionId, keyId, keyVersion = 0 }: Revocable): boolean {
    if (this.revoked.size === 0) return false;
    const isOlder = (kind: RevocationKind, subject: string, version: number): boolean => {
      const revocation = this.revoked.get(nameOf(kind, subject));
      return revocation !== undefined && version < revocation.minVersion;
    };
    return (
      isOlder('client', clientId, clientVersion) ||
      (tokenId !== undefined && this.revoked.has(nameOf('token', tokenId))) ||
      (sessionId !== undefined && this.revoked.has(nameOf('session', sessionId))) ||
      (keyId !== undefined && isOlder('api_key', keyId, keyVersion))
    );
  }

  /** Call it in the transaction of the change, and `refresh` after the commit: on this replica it then takes effect at once. */
  async revoke(tx: Transaction, revocations: readonly Revocation[]): Promise<void> {
    if (revocations.length === 0) return;
    await tx.getRepository(RevocationEntity).insert(
      revocations.map(({ kind, subject, minVersion, expiresAt }) => ({
        id: newId(),
        kind,
        subject,
        minVersion: minVersion ?? null,
        expiresAt,
      })),
    );
  }

  /** Reads all revocations that are committed by now. Never rejects. */
  refresh(): Promise<void> {
    return this.polling.runAnew();
  }

  /** Deletes expired entries. Every replica may do so at any time. */
  private async purge(): Promise<void> {
    const now = Date.now();
    for (const [name, { expiresAt }] of this.revoked) if (expiresAt < now) this.revoked.delete(name);
    await this.dataSource.getRepository(RevocationEntity).delete({ expiresAt: LessThan(new Date(now)) });
  }

  private async load(): Promise<void> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT kind, subject, min_version, expires_at, true AS holds FROM revocations
       WHERE expires_at > now() AND ($1 OR created_at > now() - $2 * interval '1 second')
       UNION ALL
       SELECT 'client', client_id, NULL, NULL, disabled FROM oidc_callers
       WHERE CASE WHEN $1 THEN disabled ELSE updated_at > now() - $2 * interval '1 second' END`,
      [!this.isComplete, OVERLAP_S],
    );
    this.isComplete = true;
    for (const { kind, subject, min_version, expires_at, holds } of rows) {
      const name = nameOf(kind, subject);
      if (!holds) {
        this.revoked.delete(name);
        continue;
      }
      const minVersion = Math.max(min_version ?? Infinity, this.revoked.get(name)?.minVersion ?? 0);
      this.revoked.set(name, { minVersion, expiresAt: expires_at?.getTime() ?? Infinity });
    }
  }
}

function nameOf(kind: RevocationKind, subject: string): string {
  return `${kind}:${subject}`;
}
