import { StatementsMigration } from './statements-migration.js';

const INDEXES = {
  // What there is of a client, and of a Space, is counted.
  ix_skill_events_owner: 'skill_events (owner, id) WHERE owner IS NOT NULL',
  ix_executions_space: `executions (space_id) WHERE status = 'pending' AND space_id IS NOT NULL`,
};

// A failed attempt leaves an index that is not valid.
const UP = [
  `ALTER TABLE skill_events ADD COLUMN IF NOT EXISTS owner varchar(255)`,
  ...Object.entries(INDEXES).flatMap(([name, definition]) => [
    `DROP INDEX IF EXISTS ${name}`,
    `CREATE INDEX CONCURRENTLY ${name} ON ${definition}`,
  ]),
];

const DOWN = [
  ...Object.keys(INDEXES).map((name) => `DROP INDEX IF EXISTS ${name}`),
  `ALTER TABLE skill_events DROP COLUMN owner`,
];

/** Quotas of Spaces, and of the history. Entries from before, and of the version before, have no owner: they go after 90 days. */
export class Quotas1775000000000 extends StatementsMigration {
  readonly name = 'Quotas1775000000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
}
