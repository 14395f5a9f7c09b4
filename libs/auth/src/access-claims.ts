import { isRole, type Role } from './roles.js';
import type { Claims } from './token-signer.js';

/** What an access token of this service says. Times are in seconds. */
export interface AccessClaims {
  iss: string;
  aud: string | string[];
  /** The client's id. */
  sub: string;
  role: Role;
  scope: string;
  /** The Spaces that the client is limited to; absent: to none. */
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
  const { sub, role, scope, spaces, jti, sid, ver, client_id: clientId = sub } = claims;
  if (
    typeof sub !== 'string' ||
    clientId !== sub ||
    !isRole(role) ||
    typeof scope !== 'string' ||
    typeof jti !== 'string' ||
    !(sid === undefined || typeof sid === 'string') ||
    !(ver === undefined || typeof ver === 'number') ||
    !(spaces === undefined || (Array.isArray(spaces) && spaces.every((space) => typeof space === 'string')))
  ) {
    throw new Error('the token does not say what a token of this service says');
  }
  const { iss, aud, iat, nbf, exp } = claims as Omit<AccessClaims, 'sub' | 'role' | 'scope' | 'jti'>;
  return { iss, aud, sub, role, scope, spaces, jti, sid, ver, iat, nbf, exp };
}
