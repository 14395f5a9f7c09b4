import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A client's sessions in the order of their last use, so that those beyond its limit are found. */
export class SessionBounds1764500000000 implements MigrationInterface {
  readonly name = 'SessionBounds1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_sessions_client');
    await runner.query('CREATE INDEX ix_sessions_client ON sessions (client_uuid, expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_sessions_client');
    await runner.query('CREATE INDEX ix_sessions_client ON sessions (client_uuid)');
  }
}
