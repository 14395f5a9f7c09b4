import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { BadParameterError } from '#common';
import { encryptionKeyOf, type SecuritySettings, securitySettings } from '#config';
import { DataSource } from 'typeorm';
import { SecretBox, type SecretPlace } from './secret-box.js';
import { hasSecret, isMask, MASK, type ParameterMap, type ScalarValue, type SecretMap } from './secret-map.js';

/** A body that may hold secrets. */
interface SecretHolder {
  endpoints: readonly { parameters?: ParameterMap }[];
  metadata?: SecretMap;
}

/** A stored value; encrypted if it is secret. */
export interface StoredValue {
  key: string;
  value: string;
  secret: boolean;
}

/** A value to store. */
interface SealedValue extends StoredValue {
  /** Type of the value in JSON; of a secret, string. */
  type: 'string' | 'number' | 'boolean';
}

/** Creates the box with the current and the previous keys of the settings. */
export function createSecretBox({ encryptionKey, previousEncryptionKeys }: SecuritySettings): SecretBox {
  return new SecretBox(
    encryptionKey === undefined ? undefined : encryptionKeyOf(encryptionKey),
    previousEncryptionKeys.flatMap((key) => encryptionKeyOf(key) ?? []),
  );
}

/** Encrypts secret values of Skills, and decrypts them for calls. Lists never return them. */
@Injectable()
export class SkillSecrets {
  private readonly box: SecretBox;

  constructor(
    @Inject(securitySettings.KEY) settings: SecuritySettings,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {
    this.box = createSecretBox(settings);
  }

  /** @throws BadParameterError (1001) if a body has a secret, and there is no key to encrypt it */
  assertStorable({ endpoints, metadata }: SecretHolder): void {
    if (this.box.canEncrypt) return;
    const reason = 'cannot hold a secret value: this service has no SECURITY_ENCRYPTION_KEY';
    const faults = [
      ...endpoints.flatMap(({ parameters }, index) =>
        hasSecret(parameters) ? [{ field: `endpoints.${index}.parameters`, reason }] : [],
      ),
      ...(hasSecret(metadata) ? [{ field: 'metadata', reason }] : []),
    ];
    if (faults.length > 0) throw new BadParameterError(faults);
  }

  /** Encrypts the secrets of a map. A mask that has no stored secret to keep is stored as text. */
  sealed(table: SecretPlace['table'], ownerId: string, map: ParameterMap): SealedValue[] {
    return Object.entries(map).map(([key, value]) => {
      if (isMask(value)) return { key, value: MASK, secret: false, type: 'string' };
      if (typeof value !== 'object') return { key, value: String(value), secret: false, type: getType(value) };
      const sealed = this.box.encrypt(String(value.value), { table, ownerId, key });
      return { key, value: sealed, secret: true, type: 'string' };
    });
  }

  /** The metadata of a Skill with its secrets. @throws SecretUnreadableError */
  async metadataOf(skillId: string): Promise<Record<string, string>> {
    return this.opened('skill_metadata', 'skill_id', skillId);
  }

  /** The parameters of an endpoint with its secrets. @throws SecretUnreadableError */
  async parametersOf(endpointId: string): Promise<Record<string, string>> {
    return this.opened('endpoint_params', 'endpoint_id', endpointId);
  }

  private async opened(table: SecretPlace['table'], owner: string, ownerId: string): Promise<Record<string, string>> {
    const rows = await this.dataSource.query<StoredValue[]>(
      `SELECT key, value, secret FROM ${table} WHERE ${owner} = $1 ORDER BY key`,
      [ownerId],
    );
    return this.revealed(table, ownerId, rows);
  }

  /** Decrypts stored values. @throws SecretUnreadableError */
  revealed(table: SecretPlace['table'], ownerId: string, stored: readonly StoredValue[]): Record<string, string> {
    return Object.fromEntries(
      stored.map(({ key, value, secret }) => [key, secret ? this.box.decrypt(value, { table, ownerId, key }) : value]),
    );
  }
}

function getType(value: ScalarValue): SealedValue['type'] {
  if (typeof value === 'number') return 'number';
  return typeof value === 'boolean' ? 'boolean' : 'string';
}
