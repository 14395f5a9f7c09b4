import { Injectable } from '@nestjs/common';
import { Transactions } from '#database';
import type { AccessClaims } from './access-claims.js';
import { AuditLog } from '../audit/audit-log.js';
import type { RequestOrigin } from '../caller.js';
import type { ClientEntity } from '../clients/client.entity.js';
import { isWithin } from '../clients/client-reach.js';
import { OAuthError } from './oauth-error.js';
import { RevocationList } from './revocation-list.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { LEEWAY_S } from './token-signer.js';
import { TokensService } from './tokens.service.js';

/** RFC 7662 section 2.2. */
export interface Introspection {
  active: boolean;
  scope?: string;
  client_id?: string;
  token_type?: 'Bearer' | 'refresh_token';
  exp?: number;
  iat?: number;
  nbf?: number;
  sub?: string;
  aud?: string | string[];
  iss?: string;
  jti?: string;
}

/** The caller that asks about a token. */
export interface Asker {
  /** Undefined: a caller with a token and the permission to manage clients. */
  client?: ClientEntity;
  /** The Spaces that it is limited to; undefined: it is not limited. */
  spaces: readonly string[] | undefined;
}

/** Revokes tokens (RFC 7009), and says whether one is valid (RFC 7662). */
@Injectable()
export class TokenStatusService {
  constructor(
    private readonly tokens: TokensService,
    private readonly sessions: SessionsService,
    private readonly revocations: RevocationList,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  /**
   * An access token ends alone, a refresh token with its session. An invalid token counts as revoked.
   * @throws OAuthError invalid_grant when it is another client's access token
   */
  async revoke(client: ClientEntity, token: string, origin: RequestOrigin): Promise<void> {
    const session = await this.sessions.find(client, token);
    if (session !== undefined) {
      await this.sessions.end(client, session, 'token.revoke', origin);
      return;
    }
    const claims = await this.tokens.inspect(token);
    if (claims === undefined) return;
    if (claims.sub !== client.clientId) throw new OAuthError('invalid_grant', 'The token is of another client');
    await this.revokeAccess(claims, origin);
  }

  /**
   * Describes any access token of this service; to callers that are limited to Spaces, only those of clients within them. A
   * refresh token is described only to its own client.
   */
  async introspect(token: string, { client, spaces }: Asker): Promise<Introspection> {
    const claims = await this.tokens.inspect(token);
    if (claims !== undefined) {
      if (isPast(claims.exp)) return { active: false };
      const isReached = claims.sub === client?.clientId || isWithin(claims.spaces ?? null, spaces);
      return isReached ? describe(claims) : { active: false };
    }
    const session = client && (await this.sessions.find(client, token));
    if (client === undefined || session === undefined || !this.sessions.isNewest(session, token)) {
      return { active: false };
    }
    const exp = Math.floor(session.expiresAt.getTime() / 1000);
    if (isPast(exp)) return { active: false };
    return {
      active: true,
      scope: session.scope,
      client_id: client.clientId,
      token_type: 'refresh_token',
      exp,
      sub: client.clientId,
    };
  }

  private async revokeAccess({ sub, jti, exp, spaces }: AccessClaims, origin: RequestOrigin): Promise<void> {
    await this.transactions.run(async (tx) => {
      const expiresAt = new Date((exp + LEEWAY_S) * 1000);
      await this.revocations.revoke(tx, [{ kind: 'token', subject: jti, expiresAt }]);
      await this.audit.record(tx, { clientId: sub, origin }, [
        { action: 'token.revoke', target: `client:${sub}`, before: { token: jti }, spaces },
      ]);
    });
    await this.revocations.refresh();
  }
}

/** From this second on, without the leeway that requests get: a client may have a cache (RFC 7662 section 4). */
function isPast(exp: number): boolean {
  return Date.now() >= exp * 1000;
}

function describe({ scope, sub, exp, iat, nbf, aud, iss, jti }: AccessClaims): Introspection {
  return { active: true, scope, client_id: sub, token_type: 'Bearer', exp, iat, nbf, sub, aud, iss, jti };
}
