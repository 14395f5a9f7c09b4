import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { isSpaceName, isSubject, isText, isTime } from '../tokens/claim-values.js';

/** The client id of a caller of the identity provider is this prefix and its `sub`. */
export const OIDC_PREFIX = 'oidc:';
/** `typ` of access tokens: `at+jwt` by RFC 9068; older providers write JWT. */
const TOKEN_TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt']);
/** Claims that only ID tokens (OpenID Connect Core 2) and logout and other security event tokens (RFC 8417) carry. */
const CLAIMS_OF_OTHERS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'toe', 'sub_id'];
/** `typ` and `token_use` inside of the token, by which Keycloak and Cognito tell access tokens from others. */
const USES = new Set(['bearer', 'access', 'at+jwt', 'jwt']);
const MAX_SPACES = 100;
/** Instead of names of Spaces: not limited. */
const EVERY_SPACE = '*';

/** The claims that an access token of any issuer must have. Times are in seconds. */
export interface OidcClaims {
  clientId: string;
  iat: number;
  exp: number;
  jti: string | undefined;
  /** Limits its permissions; undefined: those of its role. */
  scope: ReadonlySet<string> | undefined;
}

/** Reads the claims of a token whose signature, issuer and audience are valid. @throws Error */
export function readOidcClaims(header: JWTHeaderParameters, claims: JWTPayload, maxLifetime: number): OidcClaims {
  const { typ } = header;
  if (typ !== undefined && !(typeof typ === 'string' && TOKEN_TYPES.has(typ.toLowerCase()))) {
    throw new Error('the header names another type of token');
  }
  for (const name of CLAIMS_OF_OTHERS) {
    if (Object.hasOwn(claims, name)) throw new Error('the claims are not those of an access token');
  }
  for (const use of [claims.typ, claims.token_use]) {
    if (use !== undefined && !(typeof use === 'string' && USES.has(use.toLowerCase()))) {
      throw new Error('the token is for another use');
    }
  }
  const { exp, iat, nbf, jti, sub } = claims;
  if (!isTime(exp) || !isTime(iat) || !(nbf === undefined || isTime(nbf))) throw new Error('a time is none');
  if (exp - iat > maxLifetime) throw new Error('the token lives too long');
  for (const text of [jti, claims.client_id, claims.azp]) {
    if (!(text === undefined || isText(text))) throw new Error('a claim is no text, or too long');
  }
  if (!isOidcSubject(sub)) throw new Error('the subject is none');
  return { clientId: `${OIDC_PREFIX}${sub}`, exp, iat, jti, scope: readScope(claims.scope) };
}

/** What may stand behind `oidc:` in the id of a client. */
export function isOidcSubject(sub: unknown): sub is string {
  return isSubject(sub, OIDC_PREFIX.length);
}

/** The Spaces in a claim; undefined: not limited. @throws Error when there is none, or a name is invalid */
export function spacesIn(claim: unknown): ReadonlySet<string> | undefined {
  const names = typeof claim === 'string' ? [claim] : claim;
  if (!Array.isArray(names) || names.length > MAX_SPACES) throw new Error('the token names no Spaces');
  if (names.includes(EVERY_SPACE)) return undefined;
  if (!names.every(isSpaceName)) throw new Error('the token names what is no Space');
  return new Set(names);
}

function readScope(scope: unknown): ReadonlySet<string> | undefined {
  if (scope === undefined) return undefined;
  const names = typeof scope === 'string' ? scope.split(' ') : scope;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) throw new Error('the scope is none');
  return new Set(names);
}
