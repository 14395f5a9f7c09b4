import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { loadSettings } from '#config';
import { createLogger } from '#logging';
import request from 'supertest';
import { createApp } from '../../apps/skill-service/src/app.setup.js';
import { ADMIN_SECRET, startTestApp, tokenOf } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const NEW_SECRET = 'another-secret-for-the-tests';

describe('the first client', () => {
  let database: TestDatabase;
  beforeEach(async () => (database = await createTestDatabase()));
  afterEach(() => database.drop());

  const hashes = () =>
    database.query<{ client_id: string; secret_hash: string }>('SELECT client_id, secret_hash FROM clients');
  const wrongSecret = (http: ReturnType<typeof request>, secret: string) =>
    http
      .post('/api/v1/auth/token')
      .send({ grant_type: 'client_credentials', client_id: 'admin', client_secret: secret })
      .expect(401);

  /** The service with a secret of the settings, or none, which stops after `work`. */
  async function withApp(
    dataDir: string,
    secret: string | undefined,
    work: (http: ReturnType<typeof request>) => Promise<void>,
  ): Promise<string> {
    const settings = loadSettings(
      { DATABASE_URL: database.url, DATA_DIR: dataDir, NODE_ENV: 'test', SECURITY_ADMIN_CLIENT_SECRET: secret },
      join(dataDir, 'no.env'),
    );
    let logs = '';
    const sink = new Writable({
      write(chunk: Buffer, _, done) {
        logs += chunk.toString();
        done();
      },
    });
    const log = createLogger(settings.logging, settings.app, sink);
    const app = await createApp(settings, log);
    try {
      await app.listen(0, '127.0.0.1');
      await work(request(await app.getUrl()));
    } finally {
      await app.close();
      await log.close();
    }
    return logs;
  }

  it('keeps only an Argon2id hash of its secret, which is in no log and no table', async () => {
    const app = await startTestApp({ database });
    const { secret } = await app.client('publisher');
    await wrongSecret(app.http, 'a-wrong-secret-that-somebody-typed');
    const rows = await hashes();
    expect(rows).toHaveLength(2);
    for (const { secret_hash } of rows) expect(secret_hash).toMatch(/^\$argon2id\$v=19\$/);
    const tables = await database.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    let dump = '';
    for (const { name } of tables) dump += JSON.stringify(await database.query(`SELECT t::text FROM "${name}" t`));
    expect(dump).toContain('$argon2id$');
    const logs = app.logs.join('\n');
    for (const word of [ADMIN_SECRET, secret, 'a-wrong-secret-that-somebody-typed', app.admin]) {
      expect(dump).not.toContain(word);
      expect(logs).not.toContain(word);
    }
    expect(logs).not.toContain('$argon2id$');
    await app.close();
  });

  it('takes the secret of the settings from the next start on, and keeps its row otherwise', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'ooder-admin-'));
    await withApp(dataDir, ADMIN_SECRET, async (http) => {
      await tokenOf(http, 'admin', ADMIN_SECRET);
    });
    const [before] = await hashes();
    await withApp(dataDir, ADMIN_SECRET, async (http) => {
      await tokenOf(http, 'admin', ADMIN_SECRET);
    });
    expect(await hashes()).toEqual([before]);
    await withApp(dataDir, NEW_SECRET, async (http) => {
      await tokenOf(http, 'admin', NEW_SECRET);
      await wrongSecret(http, ADMIN_SECRET);
    });
    expect(await hashes()).toEqual([
      { client_id: 'admin', secret_hash: expect.not.stringContaining(before?.secret_hash ?? '-') },
    ]);
    rmSync(dataDir, { recursive: true });
  });

  it('is freed from a limit to Spaces that an earlier release let others put on it', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'ooder-admin-'));
    const start = () =>
      withApp(dataDir, ADMIN_SECRET, async (http) => {
        const token = await tokenOf(http, 'admin', ADMIN_SECRET);
        const { body } = await http.get('/api/v1/auth/me').auth(token, { type: 'bearer' }).expect(200);
        expect(body).toMatchObject({ client_id: 'admin', spaces: null });
      });
    const freed = 'is limited to Spaces no more';
    expect(await start()).not.toContain(freed);
    await database.query(`UPDATE clients SET spaces = '{building-7}' WHERE client_id = 'admin'`);
    expect(await start()).toContain(freed);
    expect(await start()).not.toContain(freed);
    rmSync(dataDir, { recursive: true });
  });

  it('makes a secret when none is given: a file for the owner only, the same at the next start', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'ooder-admin-'));
    const file = join(dataDir, 'admin-client-secret');
    const login = async (http: ReturnType<typeof request>) => {
      await tokenOf(http, 'admin', readFileSync(file, 'utf8').trim());
    };
    const logs = await withApp(dataDir, undefined, login);
    const secret = readFileSync(file, 'utf8').trim();
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(logs + (await withApp(dataDir, undefined, login))).not.toContain(secret);
    expect(readFileSync(file, 'utf8').trim()).toBe(secret);
    rmSync(dataDir, { recursive: true });
  });
});
