import { Inject, Injectable, Logger } from '@nestjs/common';
import { newId } from '#common';
import { RedisUnavailableError } from '#cache';
import { MAX_JWT_EXPIRY, type SecuritySettings, securitySettings } from '#config';
import { type Transaction, Transactions } from '#database';
import { AuditLog } from '../audit/audit-log.js';
import type { RequestOrigin } from '../caller.js';
import type { ClientEntity } from '../clients/client.entity.js';
import { OAuthError } from '../tokens/oauth-error.js';
import { RevocationList } from '../tokens/revocation-list.js';
import { hashOf, makeRefreshToken, readSessionId } from './refresh-token.js';
import { openPair, sealPair } from './sealed-pair.js';
import { type Session, SessionStore } from './session-store.js';

export interface OpenedSession {
  id: string;
  refreshToken: string;
}

/** Another request has used the same refresh token at the same time, and was first. */
export class LostRotation extends Error {}

/** Refresh tokens: each can be used once. A second use after SECURITY_REFRESH_GRACE ends the session and all its tokens. */
@Injectable()
export class SessionsService {
  private readonly logger = new Logger('auth');

  constructor(
    private readonly store: SessionStore,
    private readonly revocations: RevocationList,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
    @Inject(securitySettings.KEY) private readonly settings: SecuritySettings,
  ) {}

  /** Undefined if it cannot be stored: the client then gets no refresh token. */
  async open(tx: Transaction, client: ClientEntity, scope: string): Promise<OpenedSession | undefined> {
    const id = newId();
    const refreshToken = makeRefreshToken(id);
    const session = {
      id,
      clientUuid: client.id,
      clientVersion: client.tokenVersion,
      tokenHash: hashOf(refreshToken),
      scope,
      expiresAt: this.expiry(),
      previous: null,
    };
    try {
      await this.store.create(tx, session, this.settings.maxSessions);
    } catch (error) {
      // An error of PostgreSQL has ended this transaction too.
      if (!(error instanceof RedisUnavailableError)) throw error;
      this.logger.debug(`no session: ${error.reason}`);
      return undefined;
    }
    return { id, refreshToken };
  }

  /**
   * The session of a client's refresh token, also if the token is not its newest one. If a session was ended while its store
   * was away, the store still has it, so the list of revocations is checked too.
   */
  async find(client: ClientEntity, refreshToken: string): Promise<Session | undefined> {
    const id = readSessionId(refreshToken);
    const session = id === undefined ? undefined : await this.reach(() => this.store.find(id));
    if (session?.clientUuid !== client.id || session.clientVersion !== client.tokenVersion) return undefined;
    const { clientId, tokenVersion: clientVersion } = client;
    return this.revocations.isRevoked({ clientId, clientVersion, sessionId: session.id }) ? undefined : session;
  }

  isNewest(session: Session, refreshToken: string): boolean {
    return session.tokenHash === hashOf(refreshToken);
  }

  /**
   * Puts the next refresh token in the place of this one. `pair` is what the client gets: kept, sealed, for a second use. Within
   * a transaction, as its last step. @throws LostRotation when this one was used meanwhile
   */
  async rotate(tx: Transaction, session: Session, used: string, next: string, pair: string): Promise<void> {
    const previous = {
      tokenHash: session.tokenHash,
      sealedPair: sealPair(used, pair),
      graceUntil: new Date(Date.now() + this.settings.refreshGrace * 1000),
    };
    const rotation = { tokenHash: hashOf(next), expiresAt: this.expiry(), previous };
    if (!(await this.reach(() => this.store.rotate(tx, session.id, session.tokenHash, rotation))))
      throw new LostRotation();
  }

  /** The pair that this token gave within SECURITY_REFRESH_GRACE; undefined: it is an older one, or too late. */
  recallPair({ previous }: Session, refreshToken: string): string | undefined {
    if (previous?.tokenHash !== hashOf(refreshToken) || previous.graceUntil.getTime() <= Date.now()) return undefined;
    return openPair(refreshToken, previous.sealedPair);
  }

  /** Ends a session and its access tokens, on every replica. */
  async end(client: ClientEntity, session: Session, action: string, origin: RequestOrigin): Promise<void> {
    const lastToken = new Date(Date.now() + MAX_JWT_EXPIRY * 1000);
    // A rotation at the same time may have made the session expire later.
    const expiresAt = new Date(Math.max(lastToken.getTime(), this.expiry().getTime(), session.expiresAt.getTime()));
    await this.transactions.run(async (tx) => {
      await this.revocations.revoke(tx, [{ kind: 'session', subject: session.id, expiresAt }]);
      await this.audit.record(tx, { clientId: client.clientId, origin }, [
        { action, target: `client:${client.clientId}`, before: { session: session.id }, spaces: client.spaces },
      ]);
    });
    await this.revocations.refresh();
    try {
      await this.transactions.run((tx) => this.store.remove(tx, session.id));
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error;
      this.logger.warn(`a session that is revoked stays until it expires: ${error.reason}`);
    }
  }

  private async reach<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error;
      throw new OAuthError('temporarily_unavailable', 'Sessions cannot be reached; try again later');
    }
  }

  private expiry(): Date {
    return new Date(Date.now() + this.settings.refreshExpiry * 1000);
  }
}
