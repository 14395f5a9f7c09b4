import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AuthenticationError } from '#common';
import { type SecuritySettings, securitySettings } from '#config';
import { decodeJwt } from 'jose';
import { type AccessClaims, readAccessClaims } from './access-claims.js';
import type { ClientEntity } from '../clients/client.entity.js';
import { OidcVerifier } from '../oidc/oidc-verifier.js';
import { RefusedCredentialError } from '../refused-credential.js';
import { RevocationList } from './revocation-list.js';
import { listPermissions } from '../roles.js';
import { ExpiredTokenError, type TokenSigner } from './token-signer.js';
import { type Credential, isOver, VerifiedTokens } from './verified-tokens.js';

const REFUSAL = 'The token is invalid or has expired';

/** Of access tokens. */
export const TOKEN_SIGNER = Symbol('token signer');
/** Of caller assertions. */
export const CALLER_SIGNER = Symbol('caller signer');

export interface AccessToken {
  token: string;
  tokenId: string;
  /** Seconds. */
  expiresIn: number;
}

/** Access tokens: stateless JWTs that carry the client, its role and the granted permissions. */
@Injectable()
export class TokensService {
  private readonly verified = new VerifiedTokens();

  constructor(
    @Inject(TOKEN_SIGNER) private readonly signer: TokenSigner,
    @Inject(securitySettings.KEY) private readonly settings: SecuritySettings,
    private readonly revocations: RevocationList,
    private readonly oidc: OidcVerifier,
  ) {}

  async issue(client: ClientEntity, scope: string, sessionId?: string): Promise<AccessToken> {
    const now = Math.floor(Date.now() / 1000);
    const tokenId = randomUUID();
    const expiresIn = this.settings.jwtExpiry;
    const token = await this.signer.sign({
      sub: client.clientId,
      client_id: client.clientId,
      role: client.role,
      scope,
      ...(client.spaces && { spaces: client.spaces }),
      jti: tokenId,
      ...(sessionId !== undefined && { sid: sessionId }),
      ver: client.tokenVersion,
      iat: now,
      nbf: now,
      exp: now + expiresIn,
    });
    return { token, tokenId, expiresIn };
  }

  /** The identity that a token proves. @throws AuthenticationError (1002), which does not say why a token is invalid. */
  async verify(token: string): Promise<Credential> {
    const credential = this.verified.get(token) ?? (await this.check(token));
    if (this.revocations.isRevoked(credential.revocable))
      throw new RefusedCredentialError(REFUSAL, credential.identity.clientId, 'revoked', true);
    return credential;
  }

  /** The same for a token that was verified before and is still valid; undefined: not known. */
  recall(token: string): Credential | undefined {
    const credential = this.verified.get(token);
    return credential && !this.revocations.isRevoked(credential.revocable) ? credential : undefined;
  }

  /** Whether a verified token is still valid. */
  holds(credential: Credential): boolean {
    return !isOver(credential) && !this.revocations.isRevoked(credential.revocable);
  }

  /** The claims of a valid token of this service; undefined for any other. */
  async inspect(token: string): Promise<AccessClaims | undefined> {
    try {
      const claims = readAccessClaims(await this.signer.verify(token));
      return this.revocations.isRevoked(toRevocable(claims)) ? undefined : claims;
    } catch {
      return undefined;
    }
  }

  private async check(token: string): Promise<Credential> {
    let credential: Credential;
    try {
      credential = this.oidc.isIssuer(decodeJwt(token).iss)
        ? await this.oidc.verify(token)
        : toCredential(readAccessClaims(await this.signer.verify(token)));
    } catch (error) {
      throw explainRefusal(error);
    }
    this.verified.add(token, credential);
    return credential;
  }
}

function toCredential(claims: AccessClaims): Credential {
  const { sub, role, scope, spaces, exp } = claims;
  const granted = new Set(scope.split(' '));
  return {
    identity: {
      clientId: sub,
      role,
      permissions: new Set(listPermissions(role).filter((permission) => granted.has(permission))),
      ...(spaces && { spaces: new Set(spaces) }),
      expiresAt: new Date(exp * 1000),
    },
    revocable: toRevocable(claims),
    expiresAt: exp,
  };
}

function toRevocable({ sub, ver, jti, sid }: AccessClaims): Credential['revocable'] {
  return { clientId: sub, clientVersion: ver, tokenId: jti, sessionId: sid };
}

/** A token that cannot be read, or has another issuer, has no known owner. */
function explainRefusal(error: unknown): AuthenticationError {
  const subject = error instanceof ExpiredTokenError ? error.claims.sub : undefined;
  return typeof subject === 'string'
    ? new RefusedCredentialError(REFUSAL, subject, 'expired', true)
    : new AuthenticationError(REFUSAL, true);
}
