import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import type { Identity } from '../caller.js';
import type { Revocable } from '../tokens/revocation-list.js';
import { type Permission, listPermissions, type Role } from '../roles.js';

/** Seconds that a key stays in memory: AI Bridge v0.6.0 allows a minute for resources. */
export const MAX_CACHED_S = 60;
const MAX_KEYS = 10_000;

/** A key as read from PostgreSQL. Check each time whether it has been revoked since. */
export interface KnownApiKey {
  readonly keyId: string;
  readonly identity: Identity;
  readonly revocable: Revocable;
  /** It is disabled, or its client is. */
  readonly isDisabled: boolean;
}

interface Row {
  id: string;
  client_id: string;
  token_version: number;
  version: number;
  role: Role;
  scopes: Permission[] | null;
  spaces: string[] | null;
  expires_at: Date | null;
  disabled: boolean;
}

/** Keys by their hash, for a minute at most; those that are not valid are read again each time. */
@Injectable()
export class ApiKeyCache {
  private readonly keys = new LRUCache<string, Promise<KnownApiKey | undefined>>({
    max: MAX_KEYS,
    ttl: MAX_CACHED_S * 1000,
  });

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Undefined: no such key. Requests that come together share one query, and its error. */
  get(hash: string): Promise<KnownApiKey | undefined> {
    const known = this.keys.get(hash);
    if (known) return known;
    const key = this.read(hash);
    this.keys.set(hash, key);
    const forget = (): void => {
      if (this.keys.peek(hash) === key) this.keys.delete(hash);
    };
    key.then((found) => {
      if (!found || found.isDisabled) forget();
    }, forget);
    return key;
  }

  forget(hash: string): void {
    this.keys.delete(hash);
  }

  private async read(hash: string): Promise<KnownApiKey | undefined> {
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT k.id, k.version, k.scopes, k.expires_at, c.client_id, c.token_version, c.role, c.spaces,
         c.disabled OR k.disabled AS disabled
       FROM api_keys k JOIN clients c ON c.id = k.client_uuid WHERE k.key_hash = $1`,
      [hash],
    );
    return row && toKnown(row);
  }
}

/** Never more than the role allows now, even if it allowed more when the key was created. */
function toKnown(row: Row): KnownApiKey {
  const { id, client_id, token_version, version, role, scopes, spaces, expires_at, disabled } = row;
  const allowed = listPermissions(role);
  return {
    keyId: id,
    identity: {
      clientId: client_id,
      role,
      permissions: new Set(scopes === null ? allowed : allowed.filter((permission) => scopes.includes(permission))),
      ...(spaces && { spaces: new Set(spaces) }),
      ...(expires_at && { expiresAt: expires_at }),
    },
    revocable: { clientId: client_id, clientVersion: token_version, keyId: id, keyVersion: version },
    isDisabled: disabled,
  };
}
