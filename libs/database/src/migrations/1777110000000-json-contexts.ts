import { StatementsMigration } from './statements-migration.js';

/**
 * Values of contexts that are no texts: `value_json` is equal to `value` then. The release before reads `value` as a text, and
 * writes only `value`, which thereby is a text again. And what of the answer of a Skill was not taken.
 */
export class JsonContexts1777110000000 extends StatementsMigration {
  readonly name = 'JsonContexts1777110000000';
  protected readonly statements = {
    up: [
      `ALTER TABLE channel_contexts ADD COLUMN value_json varchar(1024)`,
      `ALTER TABLE executions ADD COLUMN warnings json`,
    ],
    down: [`ALTER TABLE channel_contexts DROP COLUMN value_json`, `ALTER TABLE executions DROP COLUMN warnings`],
  };
}
