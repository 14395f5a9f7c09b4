import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [`CREATE INDEX ix_skills_uncallable ON skills (id) WHERE NOT callable`];

const DOWN = [`DROP INDEX ix_skills_uncallable`];

/** Discovery by words alone leaves out those that cannot be called, which are few. */
export class Uncallable1766000000000 implements MigrationInterface {
  readonly name = 'Uncallable1766000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
