import { createHash, randomBytes } from 'node:crypto';

const FORM = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.[\w-]{43}$/;

/** The id of the session, so that it is found, and 256 random bits, of which only the SHA-256 is kept. */
export function makeRefreshToken(sessionId: string): string {
  return `${sessionId}.${randomBytes(32).toString('base64url')}`;
}

/** Undefined when the text is no refresh token of ours. */
export function readSessionId(refreshToken: string): string | undefined {
  return FORM.exec(refreshToken)?.[1];
}

export function hashOf(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('hex');
}
