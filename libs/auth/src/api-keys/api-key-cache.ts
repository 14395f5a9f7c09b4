import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Identity } from '../caller.js';
import type { Revocable } from '../tokens/revocation-list.js';
import { type Permission, permissionsOf, type Role } from '../roles.js';

/** Seconds that a key stays in memory: AI Bridge v0.6.0 allows a minute for resources. */
export const MAX_CACHED_S = 60;
const MAX_KEYS = 10_000;

/** A key as it was when it was read; whether it was revoked since is to be asked each time. */
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

interface Entry {
  readonly until: number;
  readonly key: Promise<KnownApiKey | undefined>;
}

/** Keys by their hash, for a minute at most; those that are not good are asked for again each time. */
@Injectable()
export class ApiKeyCache {
  private readonly entries = new Map<string, Entry>();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Undefined: no such key. Requests that come at once share one query, and its error. */
  get(hash: string): Promise<KnownApiKey | undefined> {
    const known = this.entries.get(hash);
    if (known && performance.now() < known.until) return known.key;
    const entry = { until: performance.now() + MAX_CACHED_S * 1000, key: this.read(hash) };
    this.entries.delete(hash);
    this.entries.set(hash, entry);
    const forget = (): void => {
      if (this.entries.get(hash) === entry) this.entries.delete(hash);
    };
    entry.key.then((key) => {
      if (!key || key.isDisabled) forget();
    }, forget);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= MAX_KEYS) break;
      this.entries.delete(oldest);
    }
    return entry.key;
  }

  forget(hash: string): void {
    this.entries.delete(hash);
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

/** Never more than the role allows now, whatever it allowed when the key was made. */
function toKnown(row: Row): KnownApiKey {
  const { id, client_id, token_version, version, role, scopes, spaces, expires_at, disabled } = row;
  const allowed = permissionsOf(role);
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
