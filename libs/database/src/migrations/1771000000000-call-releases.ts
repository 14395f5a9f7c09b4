import { StatementsMigration } from './statements-migration.js';

/**
 * How often a queued call was given back by a replica that ended in order: those attempts do not count against its
 * limit. The release before gives calls back without counting it here, and its attempts count as they did.
 */
export class CallReleases1771000000000 extends StatementsMigration {
  readonly name = 'CallReleases1771000000000';
  protected readonly statements = {
    up: [`ALTER TABLE executions ADD COLUMN releases integer NOT NULL DEFAULT 0`],
    down: [`ALTER TABLE executions DROP COLUMN releases`],
  };
}
