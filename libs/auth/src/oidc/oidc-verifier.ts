import { Inject, Injectable } from '@nestjs/common';
import { type OidcSettings, oidcSettings } from '#config';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { isRole, listPermissions, type Role, ROLES } from '../roles.js';
import { ExpiredTokenError, LEEWAY_S } from '../tokens/token-signer.js';
import type { Credential } from '../tokens/verified-tokens.js';
import { isOidcSubject, readOidcClaims, spacesIn } from './oidc-claims.js';
import { type KeySet, OidcKeys } from './oidc-keys.js';

/** No HMAC, and not `none`: everybody has the issuer's public keys. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'PS256'];

/** Checks access tokens of the identity provider that the settings name. Its callers are clients named `oidc:<sub>`. */
@Injectable()
export class OidcVerifier {
  private readonly roleMap: ReadonlyMap<string, string>;

  constructor(
    @Inject(oidcSettings.KEY) private readonly settings: OidcSettings,
    private readonly keys: OidcKeys,
  ) {
    this.roleMap = new Map(settings.roleMap.map((pair) => pair.split('=') as [string, string]));
  }

  isIssuer(issuer: unknown): boolean {
    return issuer !== undefined && issuer === this.settings.issuer;
  }

  /** @throws Error when the token is invalid, or the issuer's keys cannot be read */
  async verify(token: string): Promise<Credential> {
    const { issuer, audience, maxLifetime, spacesClaim } = this.settings;
    let keys: KeySet | undefined;
    const verified = await jwtVerify(
      token,
      async (header, input) => {
        const { key, set } = await this.keys.find(header, input);
        keys = set;
        return key;
      },
      {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: LEEWAY_S,
        requiredClaims: ['exp', 'iat', 'sub'],
      },
    ).catch((error: unknown) => {
      if (!(error instanceof errors.JWTExpired) || !isOidcSubject(error.payload.sub)) throw error;
      throw new ExpiredTokenError({ sub: `oidc:${error.payload.sub}` });
    });
    const { payload, protectedHeader } = verified;
    const { clientId, exp, iat, jti, scope } = readOidcClaims(protectedHeader, payload, maxLifetime);
    if (iat > Date.now() / 1000 + LEEWAY_S) throw new Error('the token was not issued before now');
    const role = this.roleOf(payload);
    if (role === undefined) throw new Error('the token names no known role');
    const spaces = spacesClaim === undefined ? undefined : spacesIn(claimAt(payload, spacesClaim));
    const permissions = listPermissions(role).filter((permission) => scope?.has(permission) ?? true);
    return {
      identity: {
        clientId,
        role,
        permissions: new Set(permissions),
        ...(spaces && { spaces }),
        expiresAt: new Date(exp * 1000),
      },
      revocable: { clientId, tokenId: jti },
      expiresAt: exp,
      keys,
    };
  }

  /** The role with the most permissions. */
  private roleOf(claims: JWTPayload): Role | undefined {
    const given = [claimAt(claims, this.settings.rolePath)].flat();
    const roles = given.map((name) => (this.roleMap.size === 0 ? name : this.roleMap.get(String(name)))).filter(isRole);
    return ROLES.find((role) => roles.includes(role));
  }
}

/** A claim by its name, or by a path with dots. */
function claimAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split('.').reduce<unknown>((value, name) => {
    const isObject = typeof value === 'object' && value !== null;
    return isObject && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  }, claims);
}
