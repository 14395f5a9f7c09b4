import type { DeclaredMigration } from './declared-migration.js';
import { StatementsMigration } from './statements-migration.js';

const UP = [
  `CREATE INDEX ix_skills_undiscoverable ON skills (id) WHERE NOT callable OR status <> 'active'`,
  `DROP INDEX ix_skills_uncallable`,
];

const DOWN = [
  `CREATE INDEX ix_skills_uncallable ON skills (id) WHERE NOT callable`,
  `DROP INDEX ix_skills_undiscoverable`,
];

/** Discovery by words alone leaves out those that cannot be called or are not active, which are few. */
export class Undiscoverable1767000000000 extends StatementsMigration implements DeclaredMigration {
  readonly name = 'Undiscoverable1767000000000';
  protected readonly statements = { up: UP, down: DOWN };
  readonly declares = {
    'index skills.ix_skills_undiscoverable is made under a lock':
      'writers wait for less than 100 ms at 100,000 Skills; readers do not',
  };
}
