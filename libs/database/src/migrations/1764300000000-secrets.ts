import type { MigrationInterface, QueryRunner } from 'typeorm';

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

export class Secrets1764300000000 implements MigrationInterface {
  readonly name = 'Secrets1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
