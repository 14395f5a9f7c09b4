import { createHash, randomBytes } from 'node:crypto';

const FORM = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.[\w-]{43}$/;

/** The id of the session, to find it, and 256 random bits, of which only the SHA-256 is stored. */
export function makeRefreshToken(sessionId: string): string {
  return `${sessionId}.${randomBytes(32).toString('base64url')}`;
}

/** Undefined if the text is not a refresh token of this service. */
export function readSessionId(refreshToken: string): string | undefined {
  return FORM.exec(refreshToken)?.[1];
}

export function hashOf(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('hex');
}
