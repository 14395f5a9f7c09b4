import { StatementsMigration } from './statements-migration.js';

/** The pair that the last use of a refresh token gave, for a second use at the same time. The version before never reads it. */
const UP = [
  `ALTER TABLE sessions
     ADD COLUMN IF NOT EXISTS previous_hash char(64),
     ADD COLUMN IF NOT EXISTS grace_until timestamptz,
     ADD COLUMN IF NOT EXISTS sealed_pair text`,
];

const DOWN = [`ALTER TABLE sessions DROP COLUMN sealed_pair, DROP COLUMN grace_until, DROP COLUMN previous_hash`];

export class RefreshGrace1777200000000 extends StatementsMigration {
  readonly name = 'RefreshGrace1777200000000';
  protected readonly statements = { up: UP, down: DOWN };
}
