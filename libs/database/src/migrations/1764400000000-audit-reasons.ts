import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why a request was refused, where its result alone does not tell. Entries without one keep the hash that they had. */
export class AuditReasons1764400000000 implements MigrationInterface {
  readonly name = 'AuditReasons1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_entries ADD COLUMN reason varchar(32)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_entries DROP COLUMN reason');
  }
}
