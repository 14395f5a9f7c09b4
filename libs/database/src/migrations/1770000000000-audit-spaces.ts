import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const UP = [
  `ALTER TABLE audit_entries ADD COLUMN space_ids varchar(64)[]`,
  `ALTER TABLE audit_blocks ADD COLUMN form smallint`,
  `CREATE INDEX ix_audit_entries_spaces ON audit_entries USING gin (space_ids) WHERE space_ids IS NOT NULL`,
  `CREATE TABLE oidc_callers (
    id uuid CONSTRAINT pk_oidc_callers PRIMARY KEY,
    client_id varchar(255) NOT NULL CONSTRAINT uq_oidc_callers_client_id UNIQUE,
    disabled boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE INDEX ix_oidc_callers_updated_at ON oidc_callers (updated_at)`,
];

const DOWN = [
  `DROP TABLE oidc_callers`,
  `DROP INDEX ix_audit_entries_spaces`,
  `ALTER TABLE audit_blocks DROP COLUMN form`,
  `ALTER TABLE audit_entries DROP COLUMN space_ids`,
];

/**
 * Callers of the identity provider that were cut off. The Spaces that an entry of the audit log concerns; null: none, and all entries from before, of which the index has none. `form` says
 * what the hash of a block covers; null: all but the Spaces, as the version before seals, also beside this one.
 */
export class AuditSpaces1770000000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'AuditSpaces1770000000000';
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'index audit_entries.ix_audit_entries_spaces is made under a lock':
      'it begins empty, the table is read once: half a second for a million entries, in which writers wait',
  };
}
