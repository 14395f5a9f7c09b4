import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const TABLES = ['skill_metadata', 'endpoint_params'];
/** A value has 512 characters at most, in UTF-8 2048 bytes; encrypted and in base64url it has 2,800 and a header. */
const LENGTH = 3072;

/** Values that are encrypted: metadata of Skills and parameters of endpoints. */
const UP = [
  // A ciphertext does not fit into an index entry, and nobody looks for one.
  `DROP INDEX ix_skill_metadata_key_value`,
  ...TABLES.map(
    (table) => `ALTER TABLE ${table} ADD COLUMN secret boolean NOT NULL DEFAULT false,
      ALTER COLUMN value TYPE varchar(${LENGTH}),
      ADD CONSTRAINT ck_${table}_value CHECK (secret OR char_length(value) <= 512)`,
  ),
  `CREATE INDEX ix_skill_metadata_key_value ON skill_metadata (key, value, skill_id) WHERE NOT secret`,
];

/** Takes what is encrypted away: the schema before has no room for it, and would show it as if it were a value. */
const DOWN = [
  `DROP INDEX ix_skill_metadata_key_value`,
  ...TABLES.map((table) => `DELETE FROM ${table} WHERE secret`),
  ...TABLES.map(
    (table) => `ALTER TABLE ${table} DROP CONSTRAINT ck_${table}_value, DROP COLUMN secret,
      ALTER COLUMN value TYPE varchar(512)`,
  ),
  `CREATE INDEX ix_skill_metadata_key_value ON skill_metadata (key, value, skill_id)`,
];

export class Secrets1764300000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'Secrets1764300000000';
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'constraint endpoint_params.ck_endpoint_params_value is new': 'no version before wrote more than 512 characters',
    'constraint skill_metadata.ck_skill_metadata_value is new': 'no version before wrote more than 512 characters',
    'index skill_metadata.ix_skill_metadata_key_value is made under a lock': '0.8 s for 300,000 keys of 100,000 Skills',
  };
}
