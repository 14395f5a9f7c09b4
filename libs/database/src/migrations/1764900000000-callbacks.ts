import { StatementsMigration } from './statements-migration.js';

const UP = [
  // Made with its execution, due when that is finished: both in one transaction.
  `CREATE TABLE callbacks (
    execution_id uuid CONSTRAINT pk_callbacks PRIMARY KEY
      CONSTRAINT fk_callbacks_execution REFERENCES executions (id) ON DELETE CASCADE,
    url varchar(2048) NOT NULL,
    status varchar(16) NOT NULL DEFAULT 'pending'
      CONSTRAINT ck_callbacks_status CHECK (status IN ('pending', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    next_attempt_at timestamptz,
    delivered_at timestamptz,
    last_error varchar(255),
    last_status smallint,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80)`,
  // Of the few that are not delivered.
  `CREATE INDEX ix_callbacks_pending ON callbacks (next_attempt_at) WHERE status = 'pending'`,
  `CREATE INDEX ix_callbacks_dead ON callbacks (execution_id) WHERE status = 'dead'`,
];

const DOWN = [`DROP TABLE callbacks`];

/** Where asynchronous calls are answered to, and how that goes. */
export class Callbacks1764900000000 extends StatementsMigration {
  readonly name = 'Callbacks1764900000000';
  protected readonly statements = { up: UP, down: DOWN };
}
