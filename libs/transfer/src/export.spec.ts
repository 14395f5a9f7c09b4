import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toSkillUuid } from '#common';
import { DatabaseSettings } from '#config';
import { dataSourceOptions, inSnapshot, schemaOf } from '#database';
import { DataSource } from 'typeorm';
import { makeCertificate } from '../../../test/support/certificate.js';
import { exportOf, headerLine, skillLine } from '../../../test/support/export-file.js';
import { connectTo, importFrom } from '../../../test/support/import-file.js';
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
    dataSource = await connectTo(database);
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

  it('carries all that the owner of a Skill says of it, when it is new and when it is replaced', async () => {
    const id = toSkillUuid('weather_001');
    const pem = readFileSync(makeCertificate(folder, 'ca').cert, 'utf8');
    const full = {
      ...{
        skill_id: id,
        external_id: 'weather_001',
        description: '',
        status: 'active',
        space_id: 'space-1',
        tags: ['a', 'b'],
      },
      deprecated: { message: 'old', replaced_by: 'next@^2', sunset: '2027-01-18T00:00:00Z' },
      deprecated_since: '2026-01-18T00:00:00.000Z',
      endpoints: [
        {
          ...{ url: 'https://10.0.0.1:1', weight: 3, status: 'draining' },
          parameters: {
            ...{ health_body: 'ok', health_interval: 60, health_method: 'GET', health_status: '200,401-403' },
            ...{ health_timeout_ms: 500, 'query.lang': 'en', tls_ca: pem },
          },
          secret_parameters: ['query.api_key'],
        },
      ],
      capabilities: [
        {
          ...{
            external_id: 'forecast_1',
            name: 'forecast',
            description: '',
            version: '1.0.0-rc.1+b5',
            status: 'enabled',
          },
          parameters: {
            days: { type: 'integer', required: true, description: 'Days', minimum: 1, maximum: 10 },
            unit: { type: 'string', required: false, description: '', enum: ['C', 'F'], nullable: true },
          },
          input_schema: { type: 'object', properties: { days: { type: 'integer', maximum: 10 } } },
          output_schema: { type: 'array', items: { $ref: '#/$defs/day' }, $defs: { day: { type: 'number' } } },
          examples: ['Will it rain tomorrow?', '明天下雨吗？'],
        },
      ],
      metadata: { region: 'eu' },
      secret_metadata: ['token'],
    };
    const read = async () => {
      rmSync(file, { force: true });
      await exported();
      return readFileSync(file, 'utf8');
    };
    const skillOf = (text: string) => JSON.parse(text.split('\n').at(-3) ?? '') as object;
    writeFileSync(file, exportOf([headerLine(), skillLine(full)]));
    await importFrom(file, dataSource);
    await database.query(
      `INSERT INTO skill_metadata (id, skill_id, key, value, secret) VALUES (gen_random_uuid(), '${id}', 'token', 'sealed', true)`,
    );
    await database.query(`INSERT INTO endpoint_params (id, endpoint_id, key, value, secret)
      SELECT gen_random_uuid(), id, 'query.api_key', 'sealed', true FROM skill_endpoints`);
    const text = await read();
    expect(skillOf(text)).toMatchObject(full);
    expect(text).not.toContain('sealed');
    await database.query(`UPDATE skills SET deprecated = false, deprecation = NULL, tags = '{}', external_id = NULL`);
    await database.query(`UPDATE capabilities SET examples = NULL, input_schema = NULL, output_schema = NULL`);
    await database.query(`DELETE FROM endpoint_params WHERE NOT secret`);
    await importFrom(file, dataSource, { onConflict: 'replace' });
    expect(skillOf(await read())).toMatchObject(full);
    expect(await database.query('SELECT value FROM endpoint_params WHERE secret')).toEqual([{ value: 'sealed' }]);
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
