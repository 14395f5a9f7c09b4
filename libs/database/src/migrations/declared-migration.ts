import type { MigrationInterface } from 'typeorm';

/**
 * Migrations only expand the schema, so the previous version can run on it (docs/upgrade.md). A migration that removes
 * something, adds a requirement or locks a table while it works declares that here; a test finds what has to be declared.
 */
export interface DeclaredMigration extends MigrationInterface {
  /** Why each change is safe for versions in use. The keys are the changes, as the test writes them. */
  readonly declares: Readonly<Record<string, string>>;
}
