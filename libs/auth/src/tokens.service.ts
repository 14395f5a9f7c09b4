import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AuthenticationError } from '#common';
import { type SecuritySettings, securitySettings } from '#config';
import type { Identity } from './caller.js';
import type { ClientEntity } from './client.entity.js';
import { OAuthError } from './oauth-error.js';
import { type Permission, PERMISSIONS, permissionsOf, type Role, ROLES } from './roles.js';
import type { Claims, TokenSigner } from './token-signer.js';

export const TOKEN_SIGNER = Symbol('token signer');

/** An access token as RFC 6749 section 5.1 answers it. */
export interface IssuedToken {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
}

/** Access tokens: stateless JWTs that carry the client, its role and the granted permissions. */
@Injectable()
export class TokensService {
  constructor(
    @Inject(TOKEN_SIGNER) private readonly signer: TokenSigner,
    @Inject(securitySettings.KEY) private readonly settings: SecuritySettings,
  ) {}

  /** @throws OAuthError invalid_scope when the scope holds what the client's role does not. */
  async issue(client: ClientEntity, requestedScope?: string): Promise<IssuedToken> {
    const scope = grantedScope(client.role, requestedScope);
    const now = Math.floor(Date.now() / 1000);
    const access_token = await this.signer.sign({
      sub: client.clientId,
      role: client.role,
      scope,
      jti: randomUUID(),
      iat: now,
      exp: now + this.settings.jwtExpiry,
    });
    return { access_token, token_type: 'Bearer', expires_in: this.settings.jwtExpiry, scope };
  }

  /** @throws AuthenticationError (1002); why exactly a token does not hold is not told. */
  async verify(token: string): Promise<Identity> {
    let claims: Claims;
    try {
      claims = await this.signer.verify(token);
    } catch {
      throw new AuthenticationError('The token is invalid or has expired', true);
    }
    const { sub, role, scope } = claims;
    if (typeof sub !== 'string' || typeof scope !== 'string' || !isRole(role)) {
      throw new AuthenticationError('The token is invalid or has expired', true);
    }
    return { clientId: sub, role, permissions: new Set(scope.split(' ').filter(isPermission)) };
  }
}

function grantedScope(role: Role, requested: string | undefined): string {
  const allowed = permissionsOf(role);
  const wanted = [...new Set((requested ?? '').split(' ').filter(Boolean))];
  if (wanted.length === 0) return allowed.join(' ');
  const refused = wanted.filter((scope) => !(allowed as readonly string[]).includes(scope));
  if (refused.length > 0) throw new OAuthError('invalid_scope', 'The scope holds what this client may not ask for');
  return wanted.join(' ');
}

function isRole(value: unknown): value is Role {
  return (ROLES as readonly unknown[]).includes(value);
}

function isPermission(value: string): value is Permission {
  return (PERMISSIONS as readonly string[]).includes(value);
}
