import type { Transaction } from '#database';

/** A family of refresh tokens, of which the newest holds (RFC 9700 section 4.14). */
export interface Session {
  /** A UUID; the `sid` of its access tokens. */
  id: string;
  clientUuid: string;
  /** `token_version` of the client when the session began; what cuts the client off raises it. */
  clientVersion: number;
  /** SHA-256 of the newest refresh token, in hexadecimal. */
  tokenHash: string;
  scope: string;
  expiresAt: Date;
}

/**
 * Keeps sessions until they expire; one that has expired is not there. A store in PostgreSQL takes part in the transaction
 * that it is handed; one that is elsewhere does not, so call it last. Throws `UnavailableError` when it does not answer;
 * what was asked may or may not have happened then.
 */
export abstract class SessionStore {
  /** Of its client `limit` stay, those that were used last; the others end. 0: all stay. */
  abstract create(tx: Transaction, session: Session, limit: number): Promise<void>;

  abstract find(id: string): Promise<Session | undefined>;

  /** Puts the next token in the place of this one. Of any number of calls with one `tokenHash`, one returns true. */
  abstract rotate(
    tx: Transaction,
    id: string,
    tokenHash: string,
    next: Pick<Session, 'tokenHash' | 'expiresAt'>,
  ): Promise<boolean>;

  /** Nothing happens when it is not there. */
  abstract remove(tx: Transaction, id: string): Promise<void>;

  /** Deletes what has expired. */
  abstract purge(): Promise<void>;
}
