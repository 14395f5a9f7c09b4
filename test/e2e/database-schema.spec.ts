import { DatabaseSettings } from '#config';
import { dataSourceOptions, migrate, revert } from '#database';
import { DataSource } from 'typeorm';
import { ENTITIES } from '../../apps/skill-service/src/data-source.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const SETTINGS = new DatabaseSettings();

/** What TypeORM cannot declare. `synchronize: false` keeps it from dropping them; only migrations make them. */
const BEYOND_TYPEORM = [
  'index ix_skills_facets', // GIN with a storage parameter
  'index ix_skills_tags', // GIN
  'index ix_callbacks_receiver', // on an expression
  'index ix_skill_search_document', // GIN
  'index ix_audit_entries_spaces', // GIN
];

/** Tables, columns, constraints and indexes, as PostgreSQL itself writes them. */
async function schemaOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ line: string }>(`
    SELECT format('column %s.%s %s%s default %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' not null' END, coalesce(pg_get_expr(d.adbin, d.adrelid), 'none'), a.attgenerated) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT format('constraint %s.%s %s', c.relname, o.conname, pg_get_constraintdef(o.oid))
      FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid WHERE o.connamespace = 'public'::regnamespace AND o.contype <> 'n'
    UNION ALL SELECT format('index %s %s', indexname, indexdef) FROM pg_indexes WHERE schemaname = 'public'
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = format('%I.%I', schemaname, indexname)::regclass)
    UNION ALL SELECT format('sequence %s %s', sequencename, data_type) FROM pg_sequences WHERE schemaname = 'public'`);
  // TypeORM names the primary key of an inherited column by a hash, and writes a bigint's default as a text.
  const normal = (line: string): string =>
    line.replace(/(\w+)\.PK_[0-9a-f]{27}/, '$1.pk_$1').replace("default '0'::bigint", 'default 0');
  return rows.map(({ line }) => normal(line)).toSorted();
}

const isOurs = (line: string): boolean => !/migrations|typeorm_metadata/.test(line);

describe('the schema', () => {
  let migrated: TestDatabase;
  let empty: TestDatabase;
  beforeEach(async () => {
    migrated = await createTestDatabase();
    empty = await createTestDatabase({ empty: true });
  });
  afterEach(async () => {
    await migrated.drop();
    await empty.drop();
  });

  const connect = (database: TestDatabase) =>
    new DataSource(dataSourceOptions(database.url, SETTINGS, ENTITIES)).initialize();

  it('leaves a synchronization from the entities nothing to do', async () => {
    const dataSource = await connect(migrated);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.destroy();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('is the one that the entities describe, down to every check', async () => {
    await empty.query('CREATE SEQUENCE skill_generation AS bigint');
    const dataSource = await connect(empty);
    await dataSource.synchronize();
    await dataSource.destroy();
    const described = (await schemaOf(empty)).filter(isOurs);
    const present = (await schemaOf(migrated)).filter(isOurs);
    const left = present.filter((line) => !BEYOND_TYPEORM.some((known) => line.startsWith(`${known} `)));
    expect(described).toEqual(left);
    expect(left).toHaveLength(present.length - BEYOND_TYPEORM.length);
  });

  it('gives every column of every table that the protocol names to an entity', async () => {
    const dataSource = await connect(migrated);
    const mapped = dataSource.entityMetadatas.flatMap(({ tableName, columns }) =>
      columns.map(({ databaseName }) => `${tableName}.${databaseName}`),
    );
    await dataSource.destroy();
    const columns = await migrated.query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name <> 'migrations'`,
    );
    expect(mapped.toSorted()).toEqual(columns.map(({ name }) => name).toSorted());
  });

  it('indexes every foreign key, so that deleting a Skill scans no table', async () => {
    const missing = await migrated.query(`
      SELECT c.relname AS table, a.attname AS column FROM pg_constraint o
      JOIN pg_class c ON c.oid = o.conrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.conkey[1]
      WHERE o.contype = 'f' AND o.connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = o.conkey[1])`);
    expect(missing).toEqual([]);
  });

  it('is made, taken back without a trace, and made again', async () => {
    const before = await schemaOf(empty);
    expect(await migrate(empty.url, SETTINGS)).not.toEqual([]);
    const made = await schemaOf(empty);
    expect(made).toEqual(await schemaOf(migrated));
    let reverted = 0;
    while ((await revert(empty.url, SETTINGS)) !== undefined) reverted += 1;
    expect(reverted).toBeGreaterThan(0);
    expect((await schemaOf(empty)).filter((line) => !/\bmigrations/.test(line))).toEqual(before);
    expect(await migrate(empty.url, SETTINGS)).toHaveLength(reverted);
    expect(await schemaOf(empty)).toEqual(made);
    expect(await migrate(empty.url, SETTINGS)).toEqual([]);
  });

  it('keeps of endpoints with one canonical URL the one that registered last', async () => {
    for (let name; name !== 'CanonicalNames1776400000000';) name = await revert(migrated.url, SETTINGS);
    const [skill] = await migrated.query<{ id: string }>(
      `INSERT INTO skills (id, name, version, owner) VALUES (gen_random_uuid(), 'many', '1.0.0', 'a') RETURNING id`,
    );
    const insert = (url: string, day: number, registered?: number) =>
      migrated.query(
        `WITH e AS (INSERT INTO skill_endpoints (id, skill_id, url, protocol, created_at)
           VALUES (gen_random_uuid(), $1, $2, 'http', $3) RETURNING id)
         INSERT INTO endpoint_leases (id, endpoint_id, skill_id, generation, registered_at)
         SELECT gen_random_uuid(), id, $1, 1, $4::timestamptz FROM e WHERE $4::timestamptz IS NOT NULL`,
        [skill?.id, url, `2026-01-0${day}`, registered === undefined ? null : `2026-01-0${registered}T00:00:00Z`],
      );
    await insert('http://a', 1, 5);
    await insert('http://A/', 2, 3);
    await insert('http://a:80', 4);
    await insert('http://b/', 1);
    await insert('http://b', 2);
    await insert('http://c', 1);
    await migrate(migrated.url, SETTINGS);
    const urls = await migrated.query('SELECT url FROM skill_endpoints ORDER BY url COLLATE "C"');
    expect(urls).toEqual([{ url: 'http://a' }, { url: 'http://b' }, { url: 'http://c' }]);
    expect(await migrated.query('SELECT revision FROM skills')).toEqual([{ revision: expect.anything() }]);
  });

  it('gives names of existing Skills to the first owner, and shares them with the other owners', async () => {
    for (let name; name !== 'Names1768000000000';) name = await revert(migrated.url, SETTINGS);
    const insert = (name: string, version: string, owner: string, day: number) =>
      migrated.query(
        `INSERT INTO skills (id, name, version, owner, created_at) VALUES (gen_random_uuid(), $1, $2, $3, $4)`,
        [name, version, owner, `2026-01-0${day}`],
      );
    await insert('common', '9.0.0', 'second', 2);
    await insert('common', '1.0.0', 'first', 1);
    await insert('common', '2.0.0', 'first', 4);
    await insert('common', '3.0.0', 'second', 5);
    await insert('common', '4.0.0', 'third', 3);
    await insert('alone', '1.0.0', 'second', 6);
    await migrate(migrated.url, SETTINGS);
    const names = `SELECT n.name, n.owner, ARRAY(SELECT client_id::text FROM skill_name_shares h WHERE h.name = n.name ORDER BY 1) AS shared
      FROM skill_names n ORDER BY 1`;
    expect(await migrated.query(names)).toEqual([
      { name: 'alone', owner: 'second', shared: [] },
      { name: 'common', owner: 'first', shared: ['second', 'third'] },
    ]);
  });

  it('is made once when eight replicas start on an empty database', async () => {
    const done = await Promise.all(Array.from({ length: 8 }, () => migrate(empty.url, SETTINGS)));
    const names = await empty.query<{ name: string }>('SELECT name FROM migrations ORDER BY id');
    expect(done.flat()).toEqual(names.map(({ name }) => name));
    expect(done.filter(({ length }) => length > 0)).toHaveLength(1);
  });
});
