import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { clientLine, exportOf, headerLine, ID, skillLine, TIME } from '../../../test/support/export-file.js';
import { connectTo, importFrom } from '../../../test/support/import-file.js';
import { makeOddSkills } from '../../../test/support/many-skills.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { exportRegistry } from './export.js';
import { writeWhole } from './export-file.js';
import { FileFaultsError } from './file-faults.js';
import { ImportConflictError, type ImportOptions } from './import.js';

const SKILLS = 450;
describe('export and import', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let folder: string;
  let file: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    dataSource = await connectTo(database);
    folder = mkdtempSync(join(tmpdir(), 'transfer-'));
    file = join(folder, 'export.ndjson');
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const importFile = (options: Partial<ImportOptions> = {}, target = dataSource) => importFrom(file, target, options);

  async function faultsOf(text: string): Promise<string[]> {
    writeFileSync(file, text);
    try {
      await importFile({ onConflict: 'skip' });
    } catch (error) {
      if (!(error instanceof FileFaultsError)) throw error;
      expect(error.code).toBe(1001);
      expect(await database.query('SELECT FROM skills')).toEqual([]);
      expect(await database.query('SELECT FROM clients')).toEqual([]);
      return error.message.split('\n').slice(1);
    }
    throw new Error('the file was taken');
  }

  const names = async () =>
    (await database.query<{ name: string }>('SELECT name FROM skills ORDER BY name')).map(({ name }) => name);

  it('give the same bytes again, of one moment, whatever is written meanwhile', async () => {
    await makeOddSkills(database, SKILLS);
    let [text, isChanged] = ['', false];
    const sink = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _, done) {
        text += chunk.toString();
        if (isChanged) {
          done();
          return;
        }
        isChanged = true;
        // The first lines are out, most are not read yet.
        database
          .query(
            `WITH gone AS (DELETE FROM skills WHERE name = 'skill-${SKILLS}') UPDATE skills SET description = 'other'`,
          )
          .then(() => delay(20))
          .then(() => {
            done();
          }, done);
      },
    });
    const { counts } = await exportRegistry(dataSource, sink, '0.6.0');
    expect([isChanged, counts]).toEqual([true, { client: 0, name: SKILLS, skill: SKILLS }]);
    expect(text).toMatch(/"on":true,"ratio":-0.25,"timeout_ms":"abc","zeros":"00"}/);
    expect(text).not.toContain('other');
    writeFileSync(file, text);

    const target = await createTestDatabase();
    const other = await connectTo(target);
    try {
      expect(await importFile({}, other)).toMatchObject({ skill: { created: SKILLS } });
      const again = join(folder, 'again.ndjson');
      await writeWhole(again, (file) => exportRegistry(other, file, '0.6.0'));
      const objects = (of: string) => of.split('\n').slice(1, -2);
      expect(objects(readFileSync(again, 'utf8'))).toEqual(objects(text));
      // What is not in the file, made as for any Skill.
      const made = `SELECT (SELECT count(*)::int FROM skill_status) AS status, (SELECT count(*)::int FROM skill_search) AS search,
        (SELECT count(*)::int FROM skill_events WHERE event = 'registered' AND actor = 'import') AS events,
        (SELECT count(*)::int FROM audit_entries WHERE action = 'skill.import' AND actor = 'import') AS audited,
        (SELECT count(*)::int FROM endpoint_leases) AS leases,
        (SELECT count(*)::int FROM skills WHERE last_heartbeat IS NULL AND has_live) AS silent`;
      const all = { status: SKILLS, search: SKILLS, events: SKILLS, audited: SKILLS, leases: 0, silent: SKILLS };
      expect(await target.query(made)).toEqual([all]);
      const [{ facets } = { facets: null }] = await target.query<{ facets: unknown }>(
        `SELECT facets FROM skills WHERE name = 'skill-3'`,
      );
      expect(facets).not.toEqual([]);
    } finally {
      await other.destroy();
      await target.drop();
    }
  }, 60_000);

  it('tell every fault of a file with its line, and import nothing of it', async () => {
    expect(
      await faultsOf(
        exportOf([
          headerLine(),
          clientLine({ role: 'king', spaces: [] }),
          skillLine({ version: '1', endpoints: [{ url: 'ftp://x', weight: 0 }], generation: -1 }),
          '{"type": "skill", ',
          skillLine({ surprise: 1, metadata: { key: { value: 'in the clear', secret: true } } }),
          skillLine({ metadata: { key: { value: 'in the clear', secret: true } } }),
          { type: 'planet' },
          '[]',
          clientLine(),
          skillLine({ endpoints: [], secret_metadata: [7] }),
          skillLine({ endpoints: [{ url: 'http://10.0.0.2:1', parameters: { authorization: 'a\r\nb: c' } }] }),
          skillLine({ endpoints: [{ url: 'http://10.0.0.1' }, { url: 'http://10.0.0.2:0' }] }),
          `{"type": "skill", "metadata": ${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
        ]),
      ),
    ).toEqual([
      expect.stringMatching(/^ {2}line 2: role must be one of admin/),
      '  line 2: spaces must have at least 1 item',
      '  line 3: generation must not be under 0',
      expect.stringMatching(/^ {2}line 3: endpoints\.0\.url must be a valid/),
      '  line 3: endpoints.0.weight must not be under 1',
      expect.stringMatching(/^ {2}line 3: version must be a semantic version/),
      '  line 4: line is no JSON in UTF-8',
      '  line 5: surprise is unknown',
      expect.stringMatching(/^ {2}line 6: metadata cannot hold a secret value/),
      '  line 7: type must be one of client, name, skill',
      '  line 8: type is required',
      '  line 9: type client must stand before skill',
      '  line 10: endpoints must have at least 1 item(s)',
      '  line 10: secret_metadata each key must be a string',
      expect.stringMatching(
        /^ {2}line 11: endpoints\.0\.parameters the value of "authorization" must be what a header/,
      ),
      '  line 12: endpoints.1.url must not have the port 0',
      '  line 13: line nests deeper than 100 levels',
    ]);
  });

  it('take no file that is not whole, or not as it was written', async () => {
    const lines = [headerLine(), clientLine(), skillLine({ description: 'forecasts' })];
    const good = exportOf(lines);
    const cut = (to: number) => faultsOf(good.slice(0, to));
    const ends = 'ends without its trailer: it was cut off';
    expect(await cut(good.length - 40)).toEqual(['  line 4: line is no JSON in UTF-8', `  line 4: file ${ends}`]);
    expect(await cut(good.indexOf('{"type":"trailer'))).toEqual([`  line 3: file ${ends}`]);
    expect(await cut(good.indexOf('{"type":"skill') + 30)).toContainEqual(`  line 3: file ${ends}`);
    expect(await cut(0)).toEqual(['  line 0: file is empty']);
    expect(await faultsOf(good.replace('forecasts', 'forecasting'))).toEqual([
      '  line 4: sha256 is of another file: this one was changed or damaged',
    ]);
    // Whole lines that are gone.
    const [first = '', , third = '', last = ''] = good.split('\n');
    expect(await faultsOf([first, third, last, ''].join('\n'))).toEqual([
      '  line 3: counts.client is 1, and the file has 0',
      '  line 3: sha256 is of another file: this one was changed or damaged',
    ]);
    expect(await faultsOf(`${good}${JSON.stringify(skillLine())}\n`)).toEqual([
      '  line 5: line stands behind the trailer',
    ]);
    expect(await faultsOf(exportOf(lines, { type: 'trailer' }))).toEqual([
      '  line 4: type is a trailer without counts and sha256',
    ]);
  });

  it('make no client of a name that the service uses itself', async () => {
    const clients = ['anonymous', 'Import'].map((client_id) => clientLine({ client_id }));
    const fault = 'client_id is a name that this service uses itself';
    expect(await faultsOf(exportOf([headerLine(), ...clients]))).toEqual([`  line 2: ${fault}`, `  line 3: ${fault}`]);
  });

  it('take no file of another kind, or of a newer release', async () => {
    expect(await faultsOf('name,version\nweather,1.0.0\n')).toEqual(['  line 1: line is no JSON in UTF-8']);
    expect(await faultsOf(exportOf([skillLine(), skillLine()]))).toEqual([
      '  line 1: type must be header: this is no export of ooder-skill',
    ]);
    expect(await faultsOf(exportOf([headerLine({ format_version: 2, novelty: true }), { type: 'novel' }]))).toEqual([
      '  line 1: format_version 2 is of a newer release: this one reads 1',
    ]);
  });

  it('with fail, import nothing at all when anything is here already', async () => {
    writeFileSync(file, exportOf([headerLine(), clientLine(), skillLine()]));
    await importFile();
    const other = '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e11';
    const lines = [
      headerLine(),
      clientLine(),
      skillLine({ skill_id: other, name: 'new' }),
      skillLine({ name: 'renamed' }),
    ];
    writeFileSync(file, exportOf(lines));
    const failure = await importFile().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImportConflictError);
    expect((failure as Error).message.split('\n').slice(1)).toEqual([
      '  line 2: client team',
      '  line 4: skill renamed 1.0.0',
    ]);
    expect(await names()).toEqual(['weather']);
  });

  it('with skip, leave alone what is here, and may be repeated', async () => {
    writeFileSync(file, exportOf([headerLine(), clientLine(), skillLine({ description: 'first' })]));
    expect(await importFile({ onConflict: 'skip', dryRun: true })).toMatchObject({ skill: { created: 1 } });
    expect(await names()).toEqual([]);
    expect(await importFile({ onConflict: 'skip' })).toMatchObject({
      client: { created: 1 },
      skill: { created: 1 },
      lacking: ['client team: secret'],
    });
    // The same name and version once more in one file, under other ids, and another Skill under an id that is taken.
    const others = [2, 3].map((last) => ID.replace(/.$/, String(last)));
    const again = [
      skillLine({ description: 'second' }),
      skillLine({ skill_id: others[0], name: 'twice' }),
      skillLine({ skill_id: others[1], name: 'twice' }),
    ];
    writeFileSync(
      file,
      exportOf([headerLine(), clientLine({ name: 'Renamed' }), ...again, skillLine({ name: 'renamed' })]),
    );
    expect(await importFile({ onConflict: 'skip' })).toMatchObject({
      client: { created: 0, present: 1 },
      skill: { created: 1, present: 3 },
    });
    expect(await names()).toEqual(['twice', 'weather']);
    const [weather] = await database.query(`SELECT description, owner, generation FROM skills WHERE name = 'weather'`);
    expect(weather).toEqual({ description: 'first', owner: 'team', generation: 5 });
    // Registrations that follow draw numbers above all that were drawn before.
    const [next] = await database.query<{ next: string }>(`SELECT nextval('skill_generation') AS next`);
    expect(Number(next?.next)).toBe(78);
  });

  it('with replace, make what is here as the file has it, but for its id, its secrets and its registration', async () => {
    writeFileSync(file, exportOf([headerLine(), clientLine(), skillLine({ metadata: { a: '1', b: '2' } })]));
    await importFile();
    await database.query(`INSERT INTO skill_metadata (id, skill_id, key, value, secret)
      VALUES (gen_random_uuid(), '${ID}', 'token', 'sealed', true), (gen_random_uuid(), '${ID}', 'old', 'sealed', true)`);
    const other = ID.replace(/.$/, '9');
    const replacing = skillLine({
      ...{ skill_id: other, owner: 'others', generation: 3, status: 'maintenance', description: 'second' },
      ...{ deprecated: { message: 'old' }, deprecated_since: TIME, tags: ['b', 'a'] },
      ...{ metadata: { a: '3' }, secret_metadata: ['token', 'never here'] },
      endpoints: [{ url: 'http://10.0.0.2:1', secret_parameters: ['authorization'] }],
    });
    writeFileSync(file, exportOf([headerLine(), clientLine({ role: 'viewer', disabled: true }), replacing]));
    expect(await importFile({ onConflict: 'replace', dryRun: true })).toMatchObject({ skill: { replaced: 1 } });
    const describe = `SELECT id, owner, status, description, deprecated, deprecation, tags, generation, registered_at = '${TIME}' AS same FROM skills`;
    expect(await database.query(describe)).toMatchObject([{ owner: 'team' }]);
    const replaced = await importFile({ onConflict: 'replace' });
    expect(replaced).toMatchObject({ client: { replaced: 1 }, skill: { replaced: 1 } });
    const deprecation = { message: 'old', since: TIME };
    const written = { owner: 'others', status: 'maintenance', description: 'second', deprecated: true };
    const expected = { id: ID, ...written, deprecation, tags: ['b', 'a'], generation: 5, same: true };
    expect(await database.query(describe)).toEqual([expected]);
    expect(await database.query('SELECT key, value FROM skill_metadata ORDER BY key')).toEqual([
      { key: 'a', value: '3' },
      { key: 'token', value: 'sealed' },
    ]);
    expect(await database.query('SELECT url FROM skill_endpoints')).toEqual([{ url: 'http://10.0.0.2:1' }]);
    // What the client got before holds no more.
    expect(await database.query('SELECT role, disabled, token_version FROM clients')).toEqual([
      { role: 'viewer', disabled: true, token_version: 2 },
    ]);
    expect(await database.query(`SELECT subject FROM revocations WHERE kind = 'client'`)).toEqual([
      { subject: 'team' },
    ]);
    // By its id, where the name is another.
    writeFileSync(file, exportOf([headerLine(), skillLine({ name: 'renamed' })]));
    await importFile({ onConflict: 'replace' });
    expect(await names()).toEqual(['renamed']);
  });

  it('leave the admin to the registry, and lose no part whose id is taken', async () => {
    const part = ID.replace(/.$/, 'a');
    const endpoints = [{ endpoint_id: part, url: 'http://10.0.0.1:1' }];
    const capabilities = [{ capability_id: part, name: 'forecast' }];
    const second = skillLine({ skill_id: ID.replace(/.$/, 'b'), name: 'second', endpoints, capabilities });
    writeFileSync(
      file,
      exportOf([headerLine(), clientLine({ client_id: 'admin', role: 'admin' }), skillLine({ endpoints }), second]),
    );
    expect(await importFile()).toMatchObject({ client: { left: 1, created: 0 }, skill: { created: 2 } });
    expect(await database.query('SELECT FROM clients')).toEqual([]);
    expect(await database.query('SELECT FROM skill_endpoints')).toHaveLength(2);
    expect(await database.query(`SELECT FROM capabilities WHERE id <> '${part}'`)).toHaveLength(1);
  });
});
