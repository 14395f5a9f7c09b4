import { hash, type Options, verify } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';
import { UnavailableError } from '#common';

/** OWASP Password Storage Cheat Sheet: Argon2id (the library's default) with 19 MiB, 2 passes, 1 lane. */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes at a time. Of the four threads of Node's pool one stays free for files and for names of hosts. */
const AT_ONCE = 3;
/** Hashes that wait for their turn, of known clients and of others: with 20 ms for each some 3 s. */
const WAITING = 400;

type Start = () => void;
let underWay = 0;
/** Secrets of clients that are known at their address go first: guesses from elsewhere keep none of them waiting. */
const waiting: { known: Start[]; others: Start[] } = { known: [], others: [] };

/** 256 random bits. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** @throws UnavailableError (1008) when too many wait already */
export function hashSecret(secret: string): Promise<string> {
  return inTurn(false, () => hash(secret, PARAMETERS));
}

/** @throws UnavailableError (1008) when too many wait already, whatever the secret */
export function verifySecret(secretHash: string, secret: string, isKnown = false): Promise<boolean> {
  return inTurn(isKnown, () => verify(secretHash, secret));
}

async function inTurn<T>(isKnown: boolean, work: () => Promise<T>): Promise<T> {
  if (underWay < AT_ONCE) {
    underWay += 1;
  } else {
    const line = isKnown ? waiting.known : waiting.others;
    if (line.length >= WAITING) throw new UnavailableError('Too many secrets are being checked: try again');
    await new Promise<void>((resolve) => line.push(resolve));
  }
  try {
    return await work();
  } finally {
    // The next one takes over the place.
    const next = waiting.known.shift() ?? waiting.others.shift();
    if (next) next();
    else underWay -= 1;
  }
}
