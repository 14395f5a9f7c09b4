import { StatementsMigration } from './statements-migration.js';

/** Rows are checked beside those who write. */
function allow(statuses: readonly string[]): string[] {
  const list = statuses.map((status) => `'${status}'`).join(', ');
  return [
    `ALTER TABLE executions DROP CONSTRAINT IF EXISTS ck_executions_status,
       ADD CONSTRAINT ck_executions_status CHECK (status IN (${list})) NOT VALID`,
    `ALTER TABLE executions VALIDATE CONSTRAINT ck_executions_status`,
  ];
}

const UP = allow(['pending', 'running', 'completed', 'success', 'failed', 'cancelled']);

const DOWN = [
  `UPDATE executions SET status = 'success' WHERE status = 'completed'`,
  ...allow(['pending', 'running', 'success', 'failed', 'cancelled']),
];

/** The published word for a call that succeeded. Rows of the version before keep `success`, and are read as `completed`. */
export class Completed1776100000000 extends StatementsMigration {
  readonly name = 'Completed1776100000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
}
