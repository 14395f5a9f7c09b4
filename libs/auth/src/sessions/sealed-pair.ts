import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts tokens so that only the holder of this refresh token, of which the store has a hash, can read them. */
export function sealPair(refreshToken: string, pair: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, deriveKey(refreshToken), iv, { authTagLength: TAG_BYTES });
  return Buffer.concat([iv, cipher.update(pair, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

/** @throws Error if it was sealed for another refresh token, or was changed */
export function openPair(refreshToken: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(CIPHER, deriveKey(refreshToken), bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
}

/** A refresh token has 256 random bits. */
function deriveKey(refreshToken: string): Buffer {
  return Buffer.from(hkdfSync('sha256', refreshToken, '', 'ooder-skill refresh grace', 32));
}
