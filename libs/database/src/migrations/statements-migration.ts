import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A migration that consists of a list of statements for each direction. */
export abstract class StatementsMigration implements MigrationInterface {
  abstract readonly name: string;
  protected abstract readonly statements: { readonly up: readonly string[]; readonly down: readonly string[] };

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of this.statements.up) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of this.statements.down) await runner.query(statement);
  }
}
