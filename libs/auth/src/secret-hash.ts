import { hash, type Options, verify } from '@node-rs/argon2';
import { bulkhead, BulkheadRejectedError } from 'cockatiel';
import { randomBytes } from 'node:crypto';
import { UnavailableError } from '#common';

/** OWASP Password Storage Cheat Sheet: Argon2id (the library's default) with 19 MiB, 2 passes, 1 lane. */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes at a time. Of the four threads of Node's pool one stays free for files and for names of hosts. */
const AT_ONCE = 3;
/** Hashes that wait for their turn: with 20 ms for each some 3 s, which clients wait for a token. */
const WAITING = 400;
const turns = bulkhead(AT_ONCE, WAITING);

/** 256 random bits. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** @throws UnavailableError (1008) when too many wait already */
export function hashSecret(secret: string): Promise<string> {
  return inTurn(() => hash(secret, PARAMETERS));
}

/** @throws UnavailableError (1008) when too many wait already, whatever the secret */
export function verifySecret(secretHash: string, secret: string): Promise<boolean> {
  return inTurn(() => verify(secretHash, secret));
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await turns.execute(work);
  } catch (error) {
    throw error instanceof BulkheadRejectedError
      ? new UnavailableError('Too many secrets are being checked: try again', error)
      : error;
  }
}
