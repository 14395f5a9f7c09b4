import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const UP = [`CREATE INDEX ix_skills_uncallable ON skills (id) WHERE NOT callable`];

const DOWN = [`DROP INDEX ix_skills_uncallable`];

/** Discovery by words alone leaves out those that cannot be called, which are few. */
export class Uncallable1766000000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'Uncallable1766000000000';
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'index skills.ix_skills_uncallable is made under a lock':
      'writers wait for 40 ms at 100,000 Skills; readers do not',
  };
}
