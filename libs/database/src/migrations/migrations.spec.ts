import { DatabaseSettings } from '#config';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { type Catalogue, readCatalogue } from '../../../../test/support/schema-catalogue.js';
import { noticedChanges } from '../../../../test/support/schema-changes.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { dataSourceOptions } from '../data-source-options.js';
import type { DeclaredMigration } from './declared-migration.js';
import { MIGRATIONS } from './index.js';

let database: TestDatabase;
let dataSource: DataSource;
let runner: QueryRunner;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  dataSource = await new DataSource(dataSourceOptions(database.url, new DatabaseSettings(), [])).initialize();
  runner = dataSource.createQueryRunner();
});
afterAll(async () => {
  await runner.release();
  await dataSource.destroy();
  await database.drop();
});

/** What a change does that the version before would notice. */
async function noticed(change: () => Promise<void>, isInTransaction = true): Promise<string[]> {
  const before: Catalogue = await readCatalogue(runner);
  if (isInTransaction) await runner.startTransaction();
  await change();
  if (isInTransaction) await runner.commitTransaction();
  return noticedChanges(before, await readCatalogue(runner), isInTransaction);
}

describe('migrations', () => {
  it('run in the order of their times, each of which is in its name', () => {
    const times = MIGRATIONS.map(({ name }) => Number(name.slice(-13)));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const migration of MIGRATIONS) expect(new migration().name).toBe(migration.name);
  });

  it('only expand, or declare what the version before would notice and why that is right', async () => {
    for (const [at, Migration] of MIGRATIONS.entries()) {
      const migration: MigrationInterface & Partial<DeclaredMigration> = new Migration();
      const found = await noticed(() => migration.up(runner), migration.transaction ?? true);
      const declared = Object.entries(migration.declares ?? {});
      expect({ migration: Migration.name, noticed: found.toSorted() }).toEqual({
        migration: Migration.name,
        noticed: declared.map(([change]) => change).toSorted(),
      });
      for (const [, reason] of declared) expect(reason.length).toBeGreaterThan(20);
      // Before the first there was nothing to notice.
      if (at === 0) expect(found).toEqual([]);
    }
  });

  it.each([
    ['DROP TABLE skill_search', ['table skill_search is gone']],
    ['ALTER TABLE skill_search RENAME TO texts', ['table skill_search is gone']],
    ['ALTER TABLE clients DROP COLUMN disabled', ['column clients.disabled is gone']],
    [
      'ALTER TABLE clients RENAME COLUMN role TO kind',
      [
        'column clients.role is gone',
        'column clients.kind is new and required',
        'constraint clients.ck_clients_role is another',
      ],
    ],
    ['ALTER TABLE sessions ADD COLUMN device text NOT NULL', ['column sessions.device is new and required']],
    [`ALTER TABLE sessions ADD COLUMN device text NOT NULL DEFAULT ''`, []],
    [
      'ALTER TABLE sessions ADD COLUMN device text UNIQUE',
      ['constraint sessions.sessions_device_key is indexed under a lock'],
    ],
    ['ALTER TABLE skills ALTER COLUMN space_id SET NOT NULL', ['column skills.space_id is required']],
    ['ALTER TABLE skills ALTER COLUMN description DROP DEFAULT', ['column skills.description has no default any more']],
    [
      'ALTER TABLE skills ALTER COLUMN description TYPE varchar(100)',
      [
        'table skills is written anew',
        'column skills.description is character varying(100), was character varying(1024)',
      ],
    ],
    ['ALTER TABLE skills ALTER COLUMN description TYPE varchar(2000)', []],
    ['ALTER TABLE skills ALTER COLUMN description TYPE text', []],
    [`ALTER TABLE api_keys ADD CHECK (name <> 'x')`, ['constraint api_keys.api_keys_name_check is new']],
    [
      `ALTER TABLE skills DROP CONSTRAINT ck_skills_status, ADD CONSTRAINT ck_skills_status CHECK (status IN ('active', 'inactive'))`,
      ['constraint skills.ck_skills_status is another'],
    ],
    [
      `ALTER TABLE skills DROP CONSTRAINT ck_skills_status, ADD CONSTRAINT ck_skills_status CHECK (status IN ('active', 'inactive', 'maintenance', 'retired'))`,
      [],
    ],
    ['ALTER TABLE skills DROP CONSTRAINT uq_skills_name_version', ['constraint skills.uq_skills_name_version is gone']],
    [
      'CREATE UNIQUE INDEX one ON skills (name)',
      ['unique index skills.one is new', 'index skills.one is made under a lock'],
    ],
    ['CREATE INDEX one ON skills (owner)', ['index skills.one is made under a lock']],
    ['DROP INDEX ix_skills_dead', []],
    [
      'DROP FUNCTION audit_delete_oldest',
      ['function audit_delete_oldest(max_blocks integer, max_entries integer) is gone or another'],
    ],
    [
      'CREATE TRIGGER mine BEFORE DELETE ON skills FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()',
      ['trigger skills.mine is new or another'],
    ],
    ['CREATE TABLE mine (id uuid PRIMARY KEY, skill_id uuid NOT NULL REFERENCES skills)', []],
  ])('are found out: %s', async (statement, expected) => {
    await runner.startTransaction();
    try {
      const before = await readCatalogue(runner);
      await runner.query(statement);
      expect(noticedChanges(before, await readCatalogue(runner))).toEqual(expected);
    } finally {
      await runner.rollbackTransaction();
    }
  });

  it('may create an index while others write', async () => {
    const create = () => runner.query('CREATE INDEX CONCURRENTLY one ON skills (owner)').then(() => undefined);
    expect(await noticed(create, false)).toEqual([]);
  });
});
