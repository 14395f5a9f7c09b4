import { Injectable } from '@nestjs/common';
import { Transactions } from '#database';
import { AuditLog } from '../audit/audit-log.js';
import type { RequestOrigin } from '../caller.js';
import type { ClientEntity } from '../clients/client.entity.js';
import { ClientsService } from '../clients/clients.service.js';
import { MAX_UNKNOWN } from './claimed-client.js';
import { OAuthError } from './oauth-error.js';
import { listPermissions } from '../roles.js';
import { makeRefreshToken } from '../sessions/refresh-token.js';
import type { Session } from '../sessions/session-store.js';
import { LostRotation, SessionsService } from '../sessions/sessions.service.js';
import type { TokenRequest } from './token-request.js';
import { TokensService } from './tokens.service.js';

/** Tokens as RFC 6749 section 5.1 answers them. */
export interface IssuedTokens {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  /** Absent when the session cannot be kept (Redis is away). */
  refresh_token?: string;
  scope: string;
}

/** A request with a refresh token. */
interface RefreshUse {
  refreshToken: string;
  /** The scope that it asks for. */
  wanted: string | undefined;
  origin: RequestOrigin;
}

/** Scopes that an error names, and characters of each. */
const MAX_SCOPES = 10;
const MAX_SCOPE = 64;
/** The form of permissions. */
const PERMISSION = /^[a-z]{1,20}:[a-z]{1,20}$/;

/** The grants of the token endpoint. */
@Injectable()
export class GrantsService {
  constructor(
    private readonly clients: ClientsService,
    private readonly tokens: TokensService,
    private readonly sessions: SessionsService,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  /** `isKnown`: the client is known at its address. @throws OAuthError */
  async grant(request: TokenRequest, origin: RequestOrigin, isKnown: boolean): Promise<IssuedTokens> {
    const client = await this.clients.authenticate(request, isKnown);
    switch (request.grantType) {
      case 'client_credentials':
        return this.open(client, request.scope, origin);
      case 'refresh_token':
        return this.refresh(client, { refreshToken: request.refreshToken, wanted: request.scope, origin });
    }
  }

  private async open(client: ClientEntity, wanted: string | undefined, origin: RequestOrigin): Promise<IssuedTokens> {
    const scope = narrowed(listPermissions(client.role), wanted);
    const session = await this.transactions.run(async (tx) => {
      await this.record(tx, client, 'token.issue', scope, origin);
      return this.sessions.open(tx, client, scope);
    });
    return this.answer(client, scope, session?.id, session?.refreshToken);
  }

  private async refresh(client: ClientEntity, use: RefreshUse): Promise<IssuedTokens> {
    const { refreshToken, wanted, origin } = use;
    const session = await this.findSession(client, refreshToken);
    if (!this.sessions.isNewest(session, refreshToken)) return this.repeat(client, session, use);
    const scope = narrowed(this.stillGranted(client, session), wanted);
    const next = makeRefreshToken(session.id);
    const answer = await this.answer(client, scope, session.id, next);
    try {
      await this.transactions.run(async (tx) => {
        await this.record(tx, client, 'token.refresh', scope, origin);
        await this.sessions.rotate(tx, session, refreshToken, next, JSON.stringify(answer));
      });
      return answer;
    } catch (error) {
      if (!(error instanceof LostRotation)) throw error;
      return this.repeat(client, await this.findSession(client, refreshToken), use);
    }
  }

  /** The second use of a refresh token: at nearly the same time it gets the same pair, later it is a copy. */
  private async repeat(
    client: ClientEntity,
    session: Session,
    { refreshToken, wanted, origin }: RefreshUse,
  ): Promise<IssuedTokens> {
    const pair = this.sessions.recallPair(session, refreshToken);
    if (pair === undefined) return this.reused(client, session, origin);
    const given = JSON.parse(pair) as IssuedTokens;
    const scope = narrowed(this.stillGranted(client, session), wanted);
    await this.transactions.run((tx) => this.record(tx, client, 'token.repeat', scope, origin));
    return scope === given.scope ? given : this.answer(client, scope, session.id, given.refresh_token);
  }

  /** @throws OAuthError invalid_grant */
  private async findSession(client: ClientEntity, refreshToken: string): Promise<Session> {
    const session = await this.sessions.find(client, refreshToken);
    if (session === undefined) throw refusedGrant();
    return session;
  }

  /** The token was copied. It is not known which of the two is the client, so both are refused (RFC 9700, 4.14.2). */
  private async reused(client: ClientEntity, session: Session, origin: RequestOrigin): Promise<never> {
    await this.sessions.end(client, session, 'token.reuse', origin);
    throw refusedGrant();
  }

  /** The role may have lost permissions since the session began. */
  private stillGranted(client: ClientEntity, session: Session): string[] {
    const granted = session.scope.split(' ');
    return listPermissions(client.role).filter((permission) => granted.includes(permission));
  }

  private record(
    tx: Parameters<AuditLog['record']>[0],
    { clientId, spaces }: ClientEntity,
    action: string,
    scope: string,
    origin: RequestOrigin,
  ): Promise<void> {
    return this.audit.record(tx, { clientId, origin }, [
      { action, target: `client:${clientId}`, after: { scope }, spaces },
    ]);
  }

  private async answer(
    client: ClientEntity,
    scope: string,
    sessionId: string | undefined,
    refreshToken: string | undefined,
  ): Promise<IssuedTokens> {
    const { token, expiresIn } = await this.tokens.issue(client, scope, sessionId);
    return {
      access_token: token,
      token_type: 'Bearer',
      expires_in: expiresIn,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      scope,
    };
  }
}

/** The requested scope, by default all permissions; never more than the client is allowed. */
function narrowed(allowed: readonly string[], wanted: string | undefined): string {
  const names = [...new Set((wanted ?? '').split(' ').filter(Boolean))];
  const granted = names.length === 0 ? allowed : names;
  const refused = granted.filter((name) => !allowed.includes(name));
  if (granted.length === 0 || refused.length > 0) throw refusedScope(refused, allowed);
  return granted.join(' ');
}

/** The scopes that the client may not ask for, in the characters of RFC 6749 section 5.2, and those that it may. */
function refusedScope(refused: readonly string[], allowed: readonly string[]): OAuthError {
  const names = refused.map(showScope);
  const more = names.length > MAX_SCOPES ? ` and ${names.length - MAX_SCOPES} more` : '';
  const which =
    names.length === 0 ? '' : `This client may not ask for: ${names.slice(0, MAX_SCOPES).join(' ')}${more}. `;
  const rest = allowed.length === 0 ? 'nothing' : allowed.join(' ');
  return new OAuthError('invalid_scope', `${which}It may ask for: ${rest}`);
}

/** Only the beginning of what may be a secret in the wrong place: it is longer than most scopes, and has not their form. */
function showScope(name: string): string {
  const text = name.replace(/[^\x21\x23-\x5B\x5D-\x7E]/g, '?').slice(0, MAX_SCOPE);
  return text.length <= MAX_UNKNOWN || PERMISSION.test(text) ? text : `${text.slice(0, 4)}...`;
}

function refusedGrant(): OAuthError {
  return new OAuthError('invalid_grant', 'The refresh token is unknown, expired, revoked or was used before');
}
