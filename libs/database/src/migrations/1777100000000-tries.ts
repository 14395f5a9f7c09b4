import { StatementsMigration } from './statements-migration.js';

/** The tries of a call. The release before counts its tries in `tries`, and leaves the list as it is. */
export class Tries1777100000000 extends StatementsMigration {
  readonly name = 'Tries1777100000000';
  protected readonly statements = {
    up: [`ALTER TABLE executions ADD COLUMN try_list json`],
    down: [`ALTER TABLE executions DROP COLUMN try_list`],
  };
}
