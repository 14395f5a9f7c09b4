import { Inject, Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';
import { UnavailableError } from '#common';
import { type SecuritySettings, securitySettings } from '#config';

/** Hashes at a time. Of the four threads of Node's pool one stays free for files and for names of hosts. */
const AT_ONCE = 3;
/** Hashes that wait for their turn, of known clients and of others: with 20 ms for each some 3 s. */
const WAITING = 400;

type Start = () => void;

/** 256 random bits. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Hashes the secrets of clients with Argon2id (the library's default), a few at a time. */
@Injectable()
export class SecretHasher {
  private underWay = 0;
  /** Secrets of clients that are known at their address go first: guesses from elsewhere do not delay them. */
  private readonly waiting: { known: Start[]; others: Start[] } = { known: [], others: [] };

  constructor(@Inject(securitySettings.KEY) private readonly settings: Pick<SecuritySettings, 'argon2Memory'>) {}

  /** @throws UnavailableError (1008) if too many wait already */
  hash(secret: string): Promise<string> {
    const options = { memoryCost: this.settings.argon2Memory, timeCost: 2, parallelism: 1 };
    return this.inTurn(false, () => hash(secret, options));
  }

  /** @throws UnavailableError (1008) if too many wait already, whatever the secret */
  verify(secretHash: string, secret: string, isKnown = false): Promise<boolean> {
    return this.inTurn(isKnown, () => verify(secretHash, secret));
  }

  private async inTurn<T>(isKnown: boolean, work: () => Promise<T>): Promise<T> {
    const { known, others } = this.waiting;
    if (this.underWay < AT_ONCE) {
      this.underWay += 1;
    } else {
      const line = isKnown ? known : others;
      if (line.length >= WAITING) throw new UnavailableError('Too many secrets are being checked: try again');
      await new Promise<void>((resolve) => line.push(resolve));
    }
    try {
      return await work();
    } finally {
      // The next one takes over the place.
      const next = known.shift() ?? others.shift();
      if (next) next();
      else this.underWay -= 1;
    }
  }
}
