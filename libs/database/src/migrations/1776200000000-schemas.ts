import { StatementsMigration } from './statements-migration.js';

// json, not jsonb: it keeps the order of keys and the spelling of numbers.
const UP = [
  `ALTER TABLE capabilities ADD COLUMN IF NOT EXISTS input_schema json, ADD COLUMN IF NOT EXISTS output_schema json,
    ADD COLUMN IF NOT EXISTS examples json`,
  `ALTER TABLE capability_params ADD COLUMN IF NOT EXISTS rules json`,
];

const DOWN = [
  `ALTER TABLE capability_params DROP COLUMN rules`,
  `ALTER TABLE capabilities DROP COLUMN input_schema, DROP COLUMN output_schema, DROP COLUMN examples`,
];

/** JSON Schemas and examples of capabilities, and the rules of their parameters. */
export class Schemas1776200000000 extends StatementsMigration {
  readonly name = 'Schemas1776200000000';
  protected readonly statements = { up: UP, down: DOWN };
}
