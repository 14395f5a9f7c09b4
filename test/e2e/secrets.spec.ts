import { randomBytes } from 'node:crypto';
import { SkillSecrets } from '#skills';
import { LocalSkillsRepository } from '../../libs/registry-heartbeat/src/membership/local-skills.repository.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { endServices, runService } from '../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const KEY = randomBytes(32).toString('base64');
const NEXT_KEY = randomBytes(32).toString('hex');
const SECRET = 'very-secret-value-4711';
const PARAMETER = 'very-secret-parameter-0815';
const URL = 'http://localhost:8001';

interface Answer {
  skill_id: string;
  metadata: Record<string, string>;
  endpoints: { endpoint_id: string; parameters: Record<string, string> }[];
}

const bodyOf = (name: string) => ({
  name,
  version: '1.0.0',
  endpoints: [{ url: URL, parameters: { token: { value: PARAMETER, secret: true }, health_path: '/health' } }],
  metadata: { api_key: { value: SECRET, secret: true }, region: 'eu' },
});

describe('secret values of Skills', () => {
  let app: TestApp;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startTestApp({ database, env: { SECURITY_ENCRYPTION_KEY: KEY, LOG_LEVEL: 'trace' } });
  });
  afterAll(async () => {
    await endServices();
    await app.close();
    await database.drop();
  });

  const send = (method: 'get' | 'post' | 'put' | 'patch', path: string, body?: object) =>
    app.http[method](`/api/v1${path}`).auth(app.admin, { type: 'bearer' }).send(body);
  const create = async (name: string): Promise<Answer> =>
    (await send('post', '/skills/', bodyOf(name)).expect(201)).body as Answer;
  const opened = async ({ skill_id, endpoints }: Answer) => {
    const secrets = app.app.get(SkillSecrets);
    return [await secrets.metadataOf(skill_id), await secrets.parametersOf(endpoints[0]?.endpoint_id ?? '')];
  };
  const STORED = [
    { api_key: SECRET, region: 'eu' },
    { token: PARAMETER, health_path: '/health' },
  ];

  it('are masked in every answer, and readable for the service itself', async () => {
    const skill = await create('masked');
    expect(skill.metadata).toEqual({ api_key: '***', region: 'eu' });
    expect(skill.endpoints[0]?.parameters).toEqual({ token: '***', health_path: '/health' });
    for (const path of [`/skills/${skill.skill_id}`, '/skills/', '/skills/discover?capability=', '/skills/?q=masked']) {
      const { text } = await send('get', path);
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(PARAMETER);
    }
    expect(await opened(skill)).toEqual(STORED);
  });

  it('stand nowhere in the database or the logs, and cannot be searched or filtered by', async () => {
    await send('post', '/skills/register', bodyOf('registered')).set('idempotency-key', 'secrets-1').expect(200);
    await send('post', '/skills/batch', { skills: [bodyOf('batched')] }).expect(200);
    const tables = await database.query<{ name: string }>(
      `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const { name } of tables) {
      const rows = await database.query<{ text: string }>(`SELECT to_jsonb(t)::text AS text FROM ${name} t`);
      const all = rows.map(({ text }) => text).join('\n');
      expect([name, all.includes(SECRET), all.includes(PARAMETER)]).toEqual([name, false, false]);
    }
    expect(app.logs.join('\n')).not.toContain(SECRET);
    expect(app.logs.join('\n')).not.toContain(PARAMETER);
    for (const value of [SECRET, '***']) {
      const { body } = await send('get', `/skills/?metadata.api_key=${encodeURIComponent(value)}`).expect(200);
      expect(body).toEqual([]);
    }
    expect((await send('get', `/skills/?metadata.region=eu`).expect(200)).body).not.toEqual([]);
    expect((await send('get', `/skills/?q=${SECRET}`).expect(200)).body).toEqual([]);
  });

  it('are not mirrored with another registry', async () => {
    const { skill_id } = await create('mirrored');
    const [skill] = await app.app.get(LocalSkillsRepository).find([skill_id]);
    expect(skill).toMatchObject({
      metadata: { region: 'eu' },
      endpoints: [{ parameters: { health_path: '/health' } }],
    });
    expect(JSON.stringify(skill)).not.toMatch(/api_key|v1\.|\*\*\*/);
  });

  it('stay when the mask comes back, by PUT, PATCH and register', async () => {
    const skill = await create('kept');
    const { skill_id } = skill;
    const masked = {
      name: 'kept',
      version: '1.0.0',
      endpoints: [{ url: URL, parameters: skill.endpoints[0]?.parameters }],
      metadata: skill.metadata,
    };
    await send('put', `/skills/${skill_id}`, masked).expect(200);
    expect(await opened(skill)).toEqual(STORED);
    await send('patch', `/skills/${skill_id}`, { description: 'another', metadata: { tier: 'gold' } }).expect(200);
    await send('patch', `/skills/${skill_id}`, { metadata: { tier: null } }).expect(200);
    expect(await opened(skill)).toEqual(STORED);
    await send('post', '/skills/register', masked).expect(200);
    expect(await opened(skill)).toEqual(STORED);
  });

  it('change, go, and become plain when somebody says so', async () => {
    const skill = await create('changed');
    const path = `/skills/${skill.skill_id}`;
    const { body } = await send('patch', path, {
      metadata: { api_key: { value: 'another', secret: true }, region: { value: 'hidden', secret: true } },
    }).expect(200);
    expect((body as Answer).metadata).toEqual({ api_key: '***', region: '***' });
    expect((await opened(skill))[0]).toEqual({ api_key: 'another', region: 'hidden' });
    await send('patch', path, { metadata: { api_key: 'plain', region: null } }).expect(200);
    expect((await send('get', path).expect(200)).body).toMatchObject({ metadata: { api_key: 'plain' } });
    await send('put', path, { name: 'changed', version: '1.0.0', endpoints: [{ url: URL }] }).expect(200);
    expect(await opened(skill)).toEqual([{}, {}]);
  });

  it('are refused in a wrong form, without repeating them', async () => {
    for (const value of [
      { value: SECRET },
      { value: SECRET, secret: false },
      { value: 1, secret: true },
      { secret: true },
    ]) {
      const answer = await send('post', '/skills/', { ...bodyOf('wrong'), metadata: { api_key: value } });
      expect([answer.status, (answer.body as { code: number }).code]).toEqual([400, 1001]);
      expect(answer.text).not.toContain(SECRET);
    }
    const long = { value: 'x'.repeat(513), secret: true };
    await send('post', '/skills/', { ...bodyOf('wrong'), metadata: { api_key: long } }).expect(400);
    const longest = { value: '🔑'.repeat(512), secret: true };
    await send('post', '/skills/', { ...bodyOf('longest'), metadata: { api_key: longest } }).expect(201);
  });

  it('cannot be swapped in the database', async () => {
    const [one, two] = [await create('one'), await create('two')];
    await database.query(
      `UPDATE skill_metadata m SET value = (SELECT value FROM skill_metadata WHERE skill_id = $2 AND key = 'api_key')
       WHERE skill_id = $1 AND key = 'api_key'`,
      [one.skill_id, two.skill_id],
    );
    await expect(app.app.get(SkillSecrets).metadataOf(one.skill_id)).rejects.toThrow('belongs to another place');
    await database.query('DELETE FROM skill_metadata WHERE skill_id = $1', [one.skill_id]);
  });

  it('are refused in production without a key; a batch takes the rest', async () => {
    const bare = await startTestApp({
      env: { NODE_ENV: 'production', SECURITY_JWT_SECRET: 'k3Jx8vQm2ZrT7wYb5NcP9sDf4GhL6aEu' },
    });
    try {
      const post = (path: string, body: object) => bare.http.post(path).auth(bare.admin, { type: 'bearer' }).send(body);
      const answer = await post('/api/v1/skills/', bodyOf('refused')).expect(400);
      expect(answer.body).toMatchObject({
        code: 1001,
        details: [{ field: 'endpoints.0.parameters' }, { field: 'metadata' }],
      });
      const plain = { name: 'plain', version: '1.0.0', endpoints: [{ url: URL }] };
      const batch = await post('/api/v1/skills/batch', { skills: [bodyOf('refused'), plain] }).expect(200);
      expect(batch.body).toMatchObject({
        data: { results: [{ status: 'failed', code: 1001 }, { status: 'created' }] },
      });
    } finally {
      await bare.close();
    }
  });

  it('are encrypted again by npm run secrets:rotate', async () => {
    const env = { DATABASE_URL: database.url, SECURITY_ENCRYPTION_KEY: NEXT_KEY };
    await expect(runService({ program: 'secrets-cli.js', args: ['--help'], env })).resolves.toMatchObject({
      code: 2,
      output: 'usage: secrets-cli, with no arguments\n',
    });
    const blind = await runService({ program: 'secrets-cli.js', env });
    expect(blind.code).toBe(1);
    expect(blind.output).toContain('is not known');
    const both = { ...env, SECURITY_PREVIOUS_ENCRYPTION_KEYS: KEY };
    const rotation = await runService({ program: 'secrets-cli.js', env: both });
    expect(rotation.output).toMatch(/encrypted again: \d+; had the present key: 0; cannot be read: 0/);
    expect(rotation.code).toBe(0);
    const again = await runService({ program: 'secrets-cli.js', env });
    expect(again.output).toMatch(/encrypted again: 0; had the present key: \d+; cannot be read: 0/);
    expect(rotation.output + blind.output).not.toContain(SECRET);
  });
});
