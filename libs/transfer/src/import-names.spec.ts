import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AUTH_ENTITIES, createClientImporter } from '#auth';
import { RedisConnection } from '#cache';
import { DatabaseSettings, RedisSettings, SecuritySettings } from '#config';
import { dataSourceOptions, Transactions } from '#database';
import { SKILL_ENTITIES, createSkillImporters } from '#skills';
import { DataSource } from 'typeorm';
import { exportOf, headerLine, ID, nameLine, skillLine } from '../../../test/support/export-file.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { Import, type ImportOptions } from './import.js';
import { createKinds } from './kinds.js';

describe('imports of names', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let folder: string;
  let file: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    const options = dataSourceOptions(database.url, new DatabaseSettings(), [...AUTH_ENTITIES, ...SKILL_ENTITIES]);
    dataSource = await new DataSource(options).initialize();
    folder = mkdtempSync(join(tmpdir(), 'names-'));
    file = join(folder, 'export.ndjson');
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  async function importFile(options: Partial<ImportOptions> = {}): Promise<object> {
    const security = new SecuritySettings();
    const kinds = createKinds({
      clients: createClientImporter(dataSource, security),
      ...createSkillImporters(dataSource, new RedisConnection(new RedisSettings()), security),
    });
    const all = { onConflict: 'fail', dryRun: false, ...options } as const;
    return Object.fromEntries((await new Import(kinds, new Transactions(dataSource), all).run(file)).counts);
  }

  const ids = [1, 2, 3].map((last) => ID.replace(/.$/, String(last)));
  const owners = () =>
    database.query(`SELECT n.name, n.owner, n.held_until > now() AS held,
        ARRAY(SELECT h.client_id FROM skill_name_shares h WHERE h.name = n.name ORDER BY 1) AS shared FROM skill_names n ORDER BY 1`);
  const write = (...lines: object[]) => {
    writeFileSync(file, exportOf([headerLine(), ...lines]));
  };

  it('keep their owner, their sharers and the end of their hold', async () => {
    const held_until = new Date(Date.now() + 3_600_000).toISOString();
    write(nameLine({ shared_with: ['b', 'a'] }), nameLine({ name: 'gone', held_until }), skillLine());
    expect(await importFile()).toMatchObject({ name: { created: 2 }, skill: { created: 1 } });
    const expected = [
      { name: 'gone', owner: 'team', held: true, shared: [] },
      { name: 'weather', owner: 'team', held: false, shared: ['a', 'b'] },
    ];
    expect(await owners()).toEqual(expected);
    // The same owner is no conflict: other versions of the name may follow.
    write(nameLine({ shared_with: ['c'] }), skillLine({ skill_id: ids[0], version: '2.0.0' }));
    expect(await importFile()).toMatchObject({ name: { left: 1 }, skill: { created: 1 } });
    expect(await owners()).toEqual(expected);
    // Here already: nothing, or as the file says; who has Skills of the name keeps them.
    write(nameLine({ owner: 'other', shared_with: ['c'] }));
    await expect(importFile()).rejects.toThrow('line 2: name weather');
    expect(await importFile({ onConflict: 'skip' })).toMatchObject({ name: { present: 1 } });
    expect(await owners()).toEqual(expected);
    expect(await importFile({ onConflict: 'replace' })).toMatchObject({ name: { replaced: 1 } });
    expect((await owners())[1]).toEqual({ name: 'weather', owner: 'other', held: false, shared: ['c', 'team'] });
  });

  it('that are not in the file are claimed by the owners of its Skills, shared if there are several owners', async () => {
    write(
      skillLine(),
      skillLine({ skill_id: ids[0], version: '2.0.0', owner: 'second' }),
      skillLine({ skill_id: ids[1], name: 'else', owner: 'second' }),
    );
    await importFile();
    const first = { name: 'weather', owner: 'team', held: false, shared: ['second'] };
    expect(await owners()).toEqual([{ name: 'else', owner: 'second', held: false, shared: [] }, first]);
    write(skillLine({ skill_id: ids[2], version: '3.0.0', owner: 'third' }));
    await importFile({ onConflict: 'skip' });
    expect((await owners())[1]).toEqual({ ...first, shared: ['second', 'third'] });
  });
});
