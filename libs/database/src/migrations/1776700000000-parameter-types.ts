import { StatementsMigration } from './statements-migration.js';

/** Parameters of endpoints can be numbers and booleans. The version before reads their texts, and writes texts. */
const UP = [
  `ALTER TABLE endpoint_params ADD COLUMN IF NOT EXISTS type varchar(8) NOT NULL DEFAULT 'string'`,
  `ALTER TABLE endpoint_params DROP CONSTRAINT IF EXISTS ck_endpoint_params_type,
     ADD CONSTRAINT ck_endpoint_params_type CHECK (type IN ('string', 'number', 'boolean')) NOT VALID`,
  `ALTER TABLE endpoint_params VALIDATE CONSTRAINT ck_endpoint_params_type`,
];

const DOWN = [`ALTER TABLE endpoint_params DROP COLUMN type`];

export class ParameterTypes1776700000000 extends StatementsMigration {
  readonly name = 'ParameterTypes1776700000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
}
