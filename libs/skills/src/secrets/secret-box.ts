import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const FORMAT = 'v1';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Where a value is stored. Its ciphertext can be decrypted only there. */
export interface SecretPlace {
  table: 'skill_metadata' | 'endpoint_params';
  /** Id of the Skill or endpoint that the value belongs to. */
  ownerId: string;
  key: string;
}

/** The value was not encrypted for this place with a known key. The message contains no part of the value. */
export class SecretUnreadableError extends Error {
  constructor({ table, ownerId, key }: SecretPlace, reason: string) {
    super(`the secret ${JSON.stringify(key)} of ${ownerId} in ${table} cannot be read: ${reason}`);
    this.name = 'SecretUnreadableError';
  }
}

/**
 * AES-256-GCM with an IV of its own for each value, as `v1.<key id>.<iv>.<ciphertext and tag>` in base64url. The place is
 * authenticated as well: nobody can move a secret to another place by writing to the database.
 */
export class SecretBox {
  private readonly keys = new Map<string, KeyObject>();
  private readonly currentId: string | undefined;

  /** Encrypts with `current` (undefined: cannot encrypt). Decrypts with `current` and the previous keys. */
  constructor(current: Buffer | undefined, previous: readonly Buffer[] = []) {
    for (const key of current ? [...previous, current] : previous)
      this.keys.set(computeKeyId(key), createSecretKey(key));
    this.currentId = current && computeKeyId(current);
  }

  get canEncrypt(): boolean {
    return this.currentId !== undefined;
  }

  encrypt(text: string, place: SecretPlace): string {
    const key = this.keys.get(this.currentId ?? '');
    if (!key || this.currentId === undefined) throw new Error('there is no key to encrypt with');
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(place));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return [FORMAT, this.currentId, iv.toString('base64url'), sealed.toString('base64url')].join('.');
  }

  /** @throws SecretUnreadableError */
  decrypt(stored: string, place: SecretPlace): string {
    const [format, keyId = '', iv = '', sealed = '', ...rest] = stored.split('.');
    const nonce = Buffer.from(iv, 'base64url');
    const bytes = Buffer.from(sealed, 'base64url');
    if (format !== FORMAT || rest.length > 0 || nonce.length !== IV_BYTES || bytes.length < TAG_BYTES) {
      throw new SecretUnreadableError(place, 'it is not in the format of this service');
    }
    const key = this.keys.get(keyId);
    if (!key) throw new SecretUnreadableError(place, `the key ${keyId.slice(0, 16)} is not known`);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(place));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
    } catch {
      throw new SecretUnreadableError(place, 'it was changed, or belongs to another place');
    }
  }

  /** Whether a value was encrypted with the current key. */
  isCurrent(stored: string): boolean {
    return stored.split('.', 2)[1] === this.currentId;
  }
}

/** Identifies a key without revealing it. */
function computeKeyId(key: Buffer): string {
  return createHash('sha256').update('ooder-skill encryption key').update(key).digest('base64url').slice(0, 8);
}

function associatedData({ table, ownerId, key }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, table, ownerId.toLowerCase(), key]));
}
