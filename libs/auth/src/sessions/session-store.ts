import type { Transaction } from '#database';

/** A family of refresh tokens, of which only the newest is valid (RFC 9700 section 4.14), and for some seconds the one before. */
export interface Session {
  /** A UUID; the `sid` of its access tokens. */
  id: string;
  clientUuid: string;
  /** `token_version` of the client when the session began; it increases when the client is cut off. */
  clientVersion: number;
  /** SHA-256 of the newest refresh token, in hexadecimal. */
  tokenHash: string;
  scope: string;
  expiresAt: Date;
  /** What the last rotation leaves for a second use of the token before; null before the first one. */
  previous: PreviousToken | null;
}

/** A refresh token that was used, and the pair that it gave. */
export interface PreviousToken {
  tokenHash: string;
  /** By `sealPair`. */
  sealedPair: string;
  graceUntil: Date;
}

export type Rotation = Pick<Session, 'tokenHash' | 'expiresAt'> & { previous: PreviousToken };

/**
 * Stores sessions until they expire; it does not return expired ones. The store in PostgreSQL uses the given transaction; the
 * one in Redis cannot, so call it last. Throws `UnavailableError` if it does not answer; the change may or may not have
 * been made then.
 */
export abstract class SessionStore {
  /** Keeps the `limit` most recently used sessions of the client, and ends the others. 0: no limit. */
  abstract create(tx: Transaction, session: Session, limit: number): Promise<void>;

  abstract find(id: string): Promise<Session | undefined>;

  /** Replaces this token with the next one. Of concurrent calls with one `tokenHash`, exactly one returns true. */
  abstract rotate(tx: Transaction, id: string, tokenHash: string, next: Rotation): Promise<boolean>;

  /** Does nothing if there is no such session. */
  abstract remove(tx: Transaction, id: string): Promise<void>;

  /** Deletes what has expired. */
  abstract purge(): Promise<void>;
}
