import { isSpaceName, isSubject, isTime } from './claim-values.js';
import { isRole, type Role } from '../roles.js';
import type { Claims } from './token-signer.js';

/** The claims of an access token of this service. Times are in seconds. */
export interface AccessClaims {
  iss: string;
  aud: string | string[];
  /** The client's id. */
  sub: string;
  role: Role;
  scope: string;
  /** The Spaces that the client is limited to; absent: it is not limited. */
  spaces?: string[];
  jti: string;
  /** The session that it comes from. */
  sid?: string;
  /** `token_version` of the client. */
  ver?: number;
  iat: number;
  nbf?: number;
  exp: number;
}

/** Reads the claims of a token whose signature, times, issuer and audience hold. @throws Error */
export function readAccessClaims(claims: Claims): AccessClaims {
  const { sub, role, scope, spaces, jti, sid, ver, iat, exp, client_id: clientId = sub } = claims;
  if (
    !isSubject(sub) ||
    clientId !== sub ||
    !isRole(role) ||
    typeof scope !== 'string' ||
    !isSubject(jti) ||
    !isTime(iat) ||
    !isTime(exp) ||
    !(sid === undefined || typeof sid === 'string') ||
    !(ver === undefined || typeof ver === 'number') ||
    !(spaces === undefined || (Array.isArray(spaces) && spaces.every(isSpaceName)))
  ) {
    throw new Error('the token does not say what a token of this service says');
  }
  const { iss, aud, nbf } = claims as Pick<AccessClaims, 'iss' | 'aud' | 'nbf'>;
  return { iss, aud, sub, role, scope, spaces, jti, sid, ver, iat, nbf, exp };
}
