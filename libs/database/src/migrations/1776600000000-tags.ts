import { StatementsMigration } from './statements-migration.js';

// Each statement is a transaction. A failed attempt leaves an index that is not valid.
const UP = [
  `ALTER TABLE skills ADD COLUMN IF NOT EXISTS tags text[] NOT NULL DEFAULT '{}'`,
  `DROP INDEX IF EXISTS ix_skills_tags`,
  `CREATE INDEX CONCURRENTLY ix_skills_tags ON skills USING gin (tags) WITH (gin_pending_list_limit = 1024)`,
];

const DOWN = [`DROP INDEX IF EXISTS ix_skills_tags`, `ALTER TABLE skills DROP COLUMN tags`];

/** Tags of Skills. */
export class Tags1776600000000 extends StatementsMigration {
  readonly name = 'Tags1776600000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
}
