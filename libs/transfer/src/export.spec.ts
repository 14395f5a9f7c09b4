import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AUTH_ENTITIES } from '#auth';
import { DatabaseSettings } from '#config';
import { dataSourceOptions, inSnapshot, schemaOf } from '#database';
import { SKILL_ENTITIES } from '#skills';
import { DataSource } from 'typeorm';
import { modeOf } from '../../../test/support/system-postgres.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { exportRegistry } from './export.js';
import { writeWhole } from './export-file.js';

describe('an export', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const options = dataSourceOptions(database.url, new DatabaseSettings(), [...AUTH_ENTITIES, ...SKILL_ENTITIES]);
    dataSource = await new DataSource(options).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'export-'));
    file = join(folder, 'export.ndjson');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const exported = () => writeWhole(file, (sink) => exportRegistry(dataSource, sink, '0.6.0'));

  it('is a file that only its owner reads, and none that is not whole', async () => {
    const failing = writeWhole(file, async (sink) => {
      sink.write('the beginning');
      await delay(1);
      throw new Error('the database went away');
    });
    await expect(failing).rejects.toThrow('the database went away');
    expect(readdirSync(folder)).toEqual([]);
    const atOnce = writeWhole(file, () => Promise.reject(new Error('before the file was open')));
    await expect(atOnce).rejects.toThrow('before the file was open');
    await delay(20);
    expect(readdirSync(folder)).toEqual([]);
    const nowhere = writeWhole(join(folder, 'no', 'where'), (sink) => exportRegistry(dataSource, sink, '1'));
    await expect(nowhere).rejects.toThrow('ENOENT');
    const { counts } = await exported();
    expect([counts, modeOf(file)]).toEqual([{ client: 0, name: 0, skill: 0 }, '600']);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2);
    await expect(exported()).rejects.toThrow('exists');
  });

  it('sees one moment, through all of its queries, and can change nothing', async () => {
    const count = 'SELECT count(*)::int AS clients FROM clients';
    const insert = `INSERT INTO clients (id, client_id, name, role, secret_hash)
      VALUES (gen_random_uuid(), 'late', 'Late', 'viewer', 'hash')`;
    const seen = inSnapshot(dataSource, async (tx) => {
      const before = await tx.query<unknown[]>(count);
      await database.query(insert);
      return [before, await tx.query<unknown[]>(count)];
    });
    expect(await seen).toEqual([[{ clients: 0 }], [{ clients: 0 }]]);
    await expect(inSnapshot(dataSource, (tx) => tx.query(insert))).rejects.toThrow('read-only');
    expect(await database.query(count)).toEqual([{ clients: 1 }]);
  });

  it('needs the schema of this release', async () => {
    await database.query(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Novelty9999999999999')`);
    await expect(exported()).rejects.toThrow('of another release (Novelty9999999999999)');
    const empty = await createTestDatabase({ empty: true });
    const unmigrated = await new DataSource(dataSourceOptions(empty.url, new DatabaseSettings(), [])).initialize();
    await expect(inSnapshot(unmigrated, schemaOf)).rejects.toThrow('The database has no tables of this service.');
    await unmigrated.destroy();
    await empty.drop();
  });
});
