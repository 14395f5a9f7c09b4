import { hash, type Options, verify } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';

/** OWASP Password Storage Cheat Sheet: Argon2id (the library's default) with 19 MiB, 2 passes, 1 lane. */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** 256 random bits. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function hashSecret(secret: string): Promise<string> {
  return hash(secret, PARAMETERS);
}

export function verifySecret(secretHash: string, secret: string): Promise<boolean> {
  return verify(secretHash, secret);
}
