import { StatementsMigration } from './statements-migration.js';

const UP = [
  // No foreign keys to Skills: what was done outlives them.
  `CREATE TABLE executions (
    id uuid CONSTRAINT pk_executions PRIMARY KEY,
    client_id varchar(255) NOT NULL,
    command_id varchar(128) NOT NULL,
    request_hash char(64) NOT NULL,
    mode varchar(8) NOT NULL CONSTRAINT ck_executions_mode CHECK (mode IN ('sync', 'async')),
    status varchar(16) NOT NULL
      CONSTRAINT ck_executions_status CHECK (status IN ('pending', 'running', 'success', 'failed', 'cancelled')),
    skill_id uuid NOT NULL,
    skill_name varchar(255) NOT NULL,
    skill_version varchar(32) NOT NULL,
    capability_id uuid NOT NULL,
    capability_name varchar(255) NOT NULL,
    space_id varchar(64),
    channel_id uuid,
    endpoint_id uuid,
    endpoint_url varchar(512),
    tries integer NOT NULL DEFAULT 0,
    sent boolean NOT NULL DEFAULT false,
    request json,
    timeout_ms integer NOT NULL,
    request_bytes integer,
    response_bytes integer,
    result json,
    output text,
    error json,
    result_kept boolean NOT NULL DEFAULT true,
    trace_id char(32),
    started_at timestamptz,
    completed_at timestamptz,
    running_until timestamptz,
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uq_executions_command UNIQUE (client_id, command_id)) WITH (fillfactor = 80)`,
  // Ids are in the order of creation (UUID v7).
  `CREATE INDEX ix_executions_client ON executions (client_id, id)`,
  `CREATE INDEX ix_executions_skill ON executions (skill_id, id)`,
  // Of the few that are not finished.
  `CREATE INDEX ix_executions_pending ON executions (next_attempt_at) WHERE status = 'pending'`,
  `CREATE INDEX ix_executions_running ON executions (running_until) WHERE status = 'running'`,

  // Calls that this registry passed on; what members report of themselves stands beside it.
  `ALTER TABLE skill_status ADD COLUMN routed_count bigint NOT NULL DEFAULT 0,
     ADD COLUMN routed_errors bigint NOT NULL DEFAULT 0`,
];

const DOWN = [`ALTER TABLE skill_status DROP COLUMN routed_count, DROP COLUMN routed_errors`, `DROP TABLE executions`];

/** Calls of Skills, each with what became of it. */
export class Commands1764800000000 extends StatementsMigration {
  readonly name = 'Commands1764800000000';
  protected readonly statements = { up: UP, down: DOWN };
}
