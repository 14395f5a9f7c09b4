import { StatementsMigration } from './statements-migration.js';

/** A channel whose Skill has left shows the ids that the owner chose. The version before writes none: then the UUIDs are shown. */
const UP = [
  `ALTER TABLE away_channels ADD COLUMN IF NOT EXISTS skill_external_id varchar(64),
    ADD COLUMN IF NOT EXISTS capability_external_id varchar(64)`,
];

const DOWN = [`ALTER TABLE away_channels DROP COLUMN skill_external_id, DROP COLUMN capability_external_id`];

export class AwayIds1777300000000 extends StatementsMigration {
  readonly name = 'AwayIds1777300000000';
  readonly transaction = false;
  protected readonly statements = { up: UP, down: DOWN };
}
