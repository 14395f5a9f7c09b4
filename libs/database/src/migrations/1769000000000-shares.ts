import { StatementsMigration } from './statements-migration.js';

const INDEXES = {
  // Calls that wait, by client and Skill.
  ix_executions_queue: `executions (client_id, skill_id, next_attempt_at) WHERE status = 'pending'`,
  ix_callbacks_receiver: `callbacks (lower(substring(url from '^[^:]+://([^/?#]*)')), next_attempt_at)
    WHERE status = 'pending'`,
  // What a client has is counted.
  ix_skills_owner: `skills (owner)`,
};

// A failed attempt leaves an index that is not valid.
const UP = Object.entries(INDEXES).flatMap(([name, definition]) => [
  `DROP INDEX IF EXISTS ${name}`,
  `CREATE INDEX CONCURRENTLY ${name} ON ${definition}`,
]);

const DOWN = Object.keys(INDEXES).map((name) => `DROP INDEX IF EXISTS ${name}`);

/** Shares of clients in the queues, and quotas. */
export class Shares1769000000000 extends StatementsMigration {
  readonly name = 'Shares1769000000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
}
