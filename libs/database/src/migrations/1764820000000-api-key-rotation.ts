import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys can be disabled, and replaced by a new one while the former still holds for a time. */
export class ApiKeyRotation1764820000000 implements MigrationInterface {
  readonly name = 'ApiKeyRotation1764820000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE api_keys ADD COLUMN disabled boolean NOT NULL DEFAULT false,
         ADD COLUMN version integer NOT NULL DEFAULT 0, ADD COLUMN rotated_at timestamptz`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE api_keys DROP COLUMN disabled, DROP COLUMN version, DROP COLUMN rotated_at');
  }
}
