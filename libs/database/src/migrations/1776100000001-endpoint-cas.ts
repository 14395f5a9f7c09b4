import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

/** Rows are checked beside those who write. */
function limitValues(condition: string): string[] {
  return [
    `ALTER TABLE endpoint_params DROP CONSTRAINT IF EXISTS ck_endpoint_params_value,
       ADD CONSTRAINT ck_endpoint_params_value CHECK (${condition}) NOT VALID`,
    `ALTER TABLE endpoint_params VALIDATE CONSTRAINT ck_endpoint_params_value`,
  ];
}

const UP = [
  `ALTER TABLE endpoint_params ALTER COLUMN value TYPE text`,
  // The service accepts 16,384 characters, which are that many when they are encrypted.
  ...limitValues(`char_length(value) <= CASE WHEN key = 'tls_ca' THEN 90000 WHEN secret THEN 3072 ELSE 512 END`),
];

const DOWN = [
  `DELETE FROM endpoint_params WHERE key = 'tls_ca'`,
  ...limitValues('secret OR char_length(value) <= 512'),
  `ALTER TABLE endpoint_params ALTER COLUMN value TYPE varchar(3072)`,
];

/** Endpoints with certificates of a CA of their own: `tls_ca` is longer than other parameters. */
export class EndpointCas1776100000001 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'EndpointCas1776100000001';
  readonly transaction = false;
  readonly declares = {
    'constraint endpoint_params.ck_endpoint_params_value is another': 'allows all that it allowed, and a longer tls_ca',
  };
  protected readonly statements = { up: UP, down: DOWN };
}
