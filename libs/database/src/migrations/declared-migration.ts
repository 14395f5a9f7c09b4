import type { MigrationInterface } from 'typeorm';

/**
 * Migrations expand: the version before goes on serving on the schema that they leave (docs/upgrade.md). One that takes something
 * away, asks for more, or holds up a table while it works, says so here; a test finds out what there is to say.
 */
export interface DeclaredMigration extends MigrationInterface {
  /** By change, as the test writes it: why no version in use minds. */
  readonly declares: Readonly<Record<string, string>>;
}
