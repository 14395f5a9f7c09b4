import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const INDEX = 'uq_capabilities_external_id';

const UP = [
  'ALTER TABLE skills ADD COLUMN IF NOT EXISTS external_id varchar(64)',
  'ALTER TABLE capabilities ADD COLUMN IF NOT EXISTS external_id varchar(64)',
  `ALTER TABLE executions ADD COLUMN IF NOT EXISTS skill_external_id varchar(64),
     ADD COLUMN IF NOT EXISTS capability_external_id varchar(64)`,
  // A failed attempt leaves an index that is not valid.
  `DROP INDEX IF EXISTS ${INDEX}`,
  `CREATE UNIQUE INDEX CONCURRENTLY ${INDEX} ON capabilities (external_id, skill_id) WHERE external_id IS NOT NULL`,
];

const DOWN = [
  `DROP INDEX IF EXISTS ${INDEX}`,
  'ALTER TABLE executions DROP COLUMN skill_external_id, DROP COLUMN capability_external_id',
  'ALTER TABLE capabilities DROP COLUMN external_id',
  'ALTER TABLE skills DROP COLUMN external_id',
];

/** Ids that owners choose for their Skills and capabilities (docs/adr/0041). The UUID of a Skill is derived from its id. */
export class ExternalIds1776000000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'ExternalIds1776000000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'unique index capabilities.uq_capabilities_external_id is new':
      'the version before never writes the column, and rows without a value are not in the index',
  };
}
