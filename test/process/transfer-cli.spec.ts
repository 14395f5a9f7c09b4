import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeSkills } from '../support/many-skills.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import {
  endServices,
  newFolder,
  newFolderWithDatabase,
  runService,
  type ServiceProcess,
  spawnService,
  startService,
} from '../support/service-process.js';
import { describedSkill, skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { adminToken, call } from '../support/service-api.js';

const CLI = resolve(import.meta.dirname, '..', '..', 'dist', 'apps', 'skill-service', 'src', 'transfer-cli.js');
const ADMIN_SECRET = `admin-${randomBytes(18).toString('base64url')}`;
const ENCRYPTION_KEY = randomBytes(32).toString('base64');
const SECRET_ENV = { SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET, SECURITY_ENCRYPTION_KEY: ENCRYPTION_KEY };

interface Skill {
  skill_id: string;
  name: string;
  description: string;
  generation: number;
  metadata: Record<string, string>;
  endpoints: { url: string; parameters: Record<string, string> }[];
  last_heartbeat: string | null;
}

describe('npm run export and npm run import', () => {
  const databases: TestDatabase[] = [];
  const folder = newFolder();

  afterAll(async () => {
    await endServices();
    for (const database of databases) await database.drop();
  });

  async function newDatabase(options?: { empty: boolean }): Promise<TestDatabase> {
    const database = await createTestDatabase(options);
    databases.push(database);
    return database;
  }

  const run = (args: string[], { url }: TestDatabase, env: Record<string, string> = {}) =>
    runService({ program: 'transfer-cli.js', args, cwd: folder, env: { DATABASE_URL: url, ...env } });

  /** The lines of a file that are objects: the header knows when it was made. */
  const objectsOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(1, -2);

  describe('from the embedded server, which a service is using, to another database', () => {
    const file = join(folder, 'moved.ndjson');
    const secrets = new Map<string, string>([
      ['admin', ADMIN_SECRET],
      ['encryption key', ENCRYPTION_KEY],
      ['metadata', 'a-very-secret-metadata-value'],
      ['parameter', 'Bearer a-very-secret-parameter'],
    ]);
    let source: ServiceProcess;
    let target: ServiceProcess;
    let targetDatabase: TestDatabase;
    let redis: RedisServer;
    let registered: Skill;

    const tokens = new Map<ServiceProcess, Promise<string>>();
    const tokenOf = (service: ServiceProcess): Promise<string> => {
      const token = tokens.get(service) ?? adminToken(service.url, ADMIN_SECRET);
      tokens.set(service, token);
      return token;
    };
    const get = async <T>(service: ServiceProcess, path: string): Promise<T> => {
      const token = await tokenOf(service);
      const { status, body } = await call<T>(`${service.url}/api/v1${path}`, { token });
      expect({ path, status }).toEqual({ path, status: 200 });
      return body;
    };
    const post = async (service: ServiceProcess, path: string, body: object, method = 'POST') => {
      const token = await tokenOf(service);
      const answer = await call<Record<string, string>>(`${service.url}/api/v1${path}`, { token, body, method });
      expect([answer.status < 300, answer.body]).toEqual([true, answer.body]);
      return answer.body;
    };
    const skillsOf = (service: ServiceProcess) => get<Skill[]>(service, '/skills/?limit=1000&include=unhealthy');

    beforeAll(async () => {
      redis = await startRedisServer();
      source = await startService({ cwd: newFolderWithDatabase(), env: SECRET_ENV });
      secrets.set('database', readFileSync(join(source.dataDir, 'postgres-password'), 'utf8').trim());
      const client = { client_id: 'team', name: 'Team', role: 'publisher', spaces: ['building-7'] };
      secrets.set('client', (await post(source, '/auth/clients', client)).client_secret ?? '');
      const key = await post(source, '/auth/clients/team/api-keys', { name: 'ci', scopes: ['skill:read'] });
      secrets.set('API key', key.api_key ?? '').set('beginning of the key', key.prefix ?? '');
      await post(source, '/auth/clients', { client_id: 'off', name: 'Off', role: 'viewer' });
      await post(source, '/auth/clients/off', { disabled: true }, 'PATCH');

      await post(source, '/skills/', describedSkill({ name: 'static', space_id: 'building-7' }));
      await post(source, '/skills/register', skillBody({ name: 'member' }));
      await post(
        source,
        '/skills/register',
        skillBody({ name: 'member', endpoints: [{ url: 'https://replica:1/x' }] }),
      );
      const { data } = (await post(source, '/skills/register', {
        ...skillBody({ name: 'alone' }),
        skill_id: 'chosen:1',
      })) as { data?: unknown };
      registered = data as Skill;
      const [endpoint] = skillBody().endpoints;
      await post(source, '/skills/', {
        ...skillBody({ name: 'secretive' }),
        endpoints: [
          {
            ...endpoint,
            weight: 7,
            status: 'inactive',
            parameters: { authorization: { value: secrets.get('parameter'), secret: true }, invoke_path: '/call' },
          },
          { url: 'ws://10.0.0.1:7', protocol: 'ws' },
        ],
        capabilities: [
          {
            name: 'off',
            status: 'disabled',
            parameters: { n: { type: 'number', default: 0.5 }, o: { type: 'object', default: {} } },
          },
          { name: 'plain' },
        ],
        metadata: { api_key: { value: secrets.get('metadata'), secret: true }, mask: '***', 'odd "key"': '' },
        tags: ['z "\\', 'a'],
      });
      const [inactive] = (await skillsOf(source)).filter(({ name }) => name === 'static');
      await post(source, `/skills/${inactive?.skill_id ?? ''}/status`, { status: 'maintenance' }, 'PUT');
      const exported = await runService({
        program: 'transfer-cli.js',
        args: ['export', '--output', file],
        cwd: source.cwd,
      });
      expect(exported).toMatchObject({ code: 0, output: 'exported 3 clients, 4 names, 4 skills\n' });
    }, 60_000);
    afterAll(() => redis.stop());

    it('holds no secret, nor what one is checked by', () => {
      const text = readFileSync(file, 'utf8');
      expect(secrets.size).toBe(8);
      for (const [name, secret] of secrets) {
        expect(secret.length).toBeGreaterThan(7);
        for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)])
          expect({ name, isThere: text.includes(form) }).toEqual({ name, isThere: false });
      }
      expect(text).not.toMatch(/argon2|"v1\.|hash/);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    });

    it('makes the same registry there', async () => {
      targetDatabase = await newDatabase({ empty: true });
      const imported = await run(['import', file], targetDatabase);
      expect(imported.code).toBe(0);
      expect(imported.output).toContain('client: created 2, replaced 0, skipped 0, 1 left to this registry itself');
      expect(imported.output).toContain('skill: created 4, replaced 0, skipped 0');
      for (const lack of [
        'client team: API key "ci"',
        'client off: secret',
        'skill secretive 1.0.0: metadata "api_key"',
      ])
        expect(imported.output).toContain(lack);
      target = await startService({
        env: { ...SECRET_ENV, DATABASE_URL: targetDatabase.url, REDIS_URL: redis.url },
      });

      // Nobody was heard of here yet, and secrets have to be set anew.
      const expected = (await skillsOf(source)).map((skill) => ({
        ...skill,
        last_heartbeat: null,
        metadata: Object.fromEntries(Object.entries(skill.metadata).filter(([key]) => key !== 'api_key')),
        endpoints: skill.endpoints.map(({ parameters, ...endpoint }) => ({
          ...endpoint,
          parameters: Object.fromEntries(Object.entries(parameters).filter(([key]) => key !== 'authorization')),
        })),
      }));
      expect(expected.map(({ name }) => name).sort()).toEqual(['alone', 'member', 'secretive', 'static']);
      expect(await skillsOf(target)).toEqual(expected);
      for (const path of ['/capabilities?page_size=100', '/skills/?limit=1000&space_id=building-7', '/skills/?q=天气'])
        expect(await get(target, path)).toEqual(
          path.includes('capabilities') ? await get(source, path) : expected.filter(({ name }) => name === 'static'),
        );
      const clientsOf = async (service: ServiceProcess) =>
        (await get<{ client_id: string }[]>(service, '/auth/clients')).filter(({ client_id }) => client_id !== 'admin');
      expect(await clientsOf(target)).toEqual(await clientsOf(source));
      const grant = { grant_type: 'client_credentials', client_id: 'team', client_secret: secrets.get('client') };
      expect((await call(`${target.url}/api/v1/auth/token`, { body: grant })).status).toBe(401);
      expect(await targetDatabase.query('SELECT FROM endpoint_leases')).toEqual([]);
    }, 60_000);

    it('has members go on there, and new ones come after them', async () => {
      const beat = { generation: registered.generation };
      const { data } = (await post(target, `/skills/${registered.skill_id}/heartbeat`, beat)) as { data?: unknown };
      expect(data).toMatchObject({ generation: registered.generation });
      const newest = await post(target, '/skills/register', skillBody());
      expect((newest as { data?: { generation: number } }).data?.generation).toBeGreaterThan(registered.generation);
      const highest = Math.max(...(await skillsOf(source)).map(({ generation }) => generation));
      expect((newest as { data?: { generation: number } }).data?.generation).toBe(highest + 1);
    });

    it('goes into the embedded server of a service, too', async () => {
      const args = ['import', file, '--on-conflict', 'skip'];
      const beside = await runService({ program: 'transfer-cli.js', args, cwd: source.cwd, env: SECRET_ENV });
      expect(beside).toMatchObject({
        code: 0,
        output: expect.stringContaining('skill: created 0, replaced 0, skipped 4'),
      });
      expect((await fetch(`${source.url}/readyz`)).status).toBe(200);
    });

    it('is seen at once by a service that answers from memory', async () => {
      const metric = async (name: string) => {
        const line = (await (await fetch(`${target.url}/metrics`)).text())
          .split('\n')
          .find((candidate) => candidate.startsWith(`${name} `));
        return Number(line?.split(' ')[1]);
      };
      const description = async () => (await skillsOf(target)).find(({ name }) => name === 'static')?.description;
      const { skill_id } = (await skillsOf(target)).find(({ name }) => name === 'static') ?? {};
      await post(target, `/skills/${skill_id}`, { description: 'changed here' }, 'PATCH');
      const answered = () => metric('catalogue_requests{outcome="hit"}');
      const hits = await answered();
      await until(async () => (await description()) === 'changed here' && (await answered()) > hits);
      const heard = () => metric('catalogue_changes{source="heard"}');
      const before = await heard();

      const env = { REDIS_URL: redis.url };
      expect(await run(['import', file], targetDatabase, env)).toMatchObject({
        code: 1,
        output: expect.stringMatching(/^1006: 6 of them [^]*(\n {2}line \d+: skill \w+ 1\.0\.0){4}$/m),
      });
      expect([await description(), await heard()]).toEqual(['changed here', before]);
      const replaced = await run(['import', file, '--on-conflict', 'replace'], targetDatabase, env);
      expect(replaced.output).toContain('skill: created 0, replaced 4, skipped 0');
      // The message makes it look at once: otherwise it would look again after 25 s.
      await until(async () => (await heard()) > before && (await description()) !== 'changed here', 20_000);
    });
  });

  it('loses nothing when it is killed in the middle and repeated', async () => {
    const [source, target] = [await newDatabase(), await newDatabase()];
    await makeSkills(source, 1_000);
    const file = join(folder, 'many.ndjson');
    expect((await run(['export', '--output', file], source)).code).toBe(0);
    const args = ['import', file, '--on-conflict', 'skip'];
    const killed = spawnService({
      program: 'transfer-cli.js',
      args,
      cwd: folder,
      env: { DATABASE_URL: target.url },
    });
    const count = async () => (await target.query('SELECT FROM skills')).length;
    await until(async () => (await count()) > 0);
    killed.kill('SIGKILL');
    await killed.ended;
    const there = await count();
    expect(there).toBeLessThan(1_000);
    expect(there % 500).toBe(0);
    // Of what is there, all is there.
    expect(await target.query('SELECT FROM skill_endpoints')).toHaveLength(there * 2);
    const repeated = await run(args, target);
    expect(repeated.output).toContain(`skill: created ${1_000 - there}, replaced 0, skipped ${there}`);
    const again = join(folder, 'again.ndjson');
    await run(['export', '--output', again], target);
    expect(objectsOf(again)).toEqual(objectsOf(file));

    // With fail, a killed import has done nothing.
    const third = await newDatabase();
    const atOnce = spawnService({
      program: 'transfer-cli.js',
      args: ['import', file],
      cwd: folder,
      env: { DATABASE_URL: third.url },
    });
    // A session that has written names, inserts Skills and has committed nothing. PostgreSQL shows the beginning of a statement.
    const writing = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND backend_xid IS NOT NULL AND query LIKE '%SELECT DISTINCT x.name FROM%'`;
    await until(async () => (await third.query(writing)).length > 0);
    atOnce.kill('SIGKILL');
    await atOnce.ended;
    expect(await third.query('SELECT FROM skills')).toEqual([]);
    expect(await third.query('SELECT FROM audit_entries')).toEqual([]);
  }, 60_000);

  it('goes through pipes, and says what is wrong', async () => {
    const [source, target] = [await newDatabase(), await newDatabase()];
    await makeSkills(source, 300);
    const pipe = `node ${CLI} export | DATABASE_URL=$TARGET node ${CLI} import - `;
    const env = { PATH: process.env.PATH, DATABASE_URL: source.url, TARGET: target.url };
    const piped = spawnSync('bash', ['-o', 'pipefail', '-c', pipe], { cwd: folder, env, encoding: 'utf8' });
    expect({ ...piped, stderr: piped.stderr.split('\n') }).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.arrayContaining([
        'exported 0 clients, 300 names, 300 skills',
        'skill: created 300, replaced 0, skipped 0',
      ]),
    });
    const cut = spawnSync('bash', ['-o', 'pipefail', '-c', `node ${CLI} export | head -c 100000`], {
      cwd: folder,
      env,
    });
    expect(cut.status).toBe(1);

    const bad = join(folder, 'bad.ndjson');
    writeFileSync(bad, cut.stdout);
    expect(await run(['import', bad, '--on-conflict', 'skip'], target)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^1001: \d fault\(s\) in the file, nothing was imported:\n {2}line \d+: /),
    });
  }, 60_000);
});
