import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Role } from '#auth';
import { loadSettings } from '#config';
import { createLogger } from '#logging';
import request from 'supertest';
import { createApp } from '../../apps/skill-service/src/app.setup.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

export const ADMIN_SECRET = 'an-admin-secret-for-the-tests';

export interface TestApp {
  app: NestFastifyApplication;
  database: TestDatabase;
  dataDir: string;
  /** The lines that the service logged. */
  logs: string[];
  url: string;
  http: ReturnType<typeof request>;
  /** A bearer token of the admin. */
  admin: string;
  /** A new client of this role, and its token; limited to `spaces` if there are any. */
  client(role: Role, ...spaces: string[]): Promise<{ clientId: string; secret: string; token: string }>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  env?: Record<string, string>;
  /** Use this database, and leave it to its owner. */
  database?: TestDatabase;
  /** Milliseconds between two heartbeats; the environment cannot have less than a second. */
  heartbeatMs?: number;
}

/** The whole service on a port of its own, over a database of its own. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await createTestDatabase());
  const dataDir = mkdtempSync(join(tmpdir(), 'ooder-app-'));
  const settings = loadSettings(
    {
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      APP_HOST: '127.0.0.1',
      APP_PORT: '0',
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET,
      // No upstream, unless a test brings one.
      AI_BRIDGE_REGISTRY_URL: '',
      // The Skills of tests are on this machine.
      OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8,::1/128',
      // Probes are off, unless a test needs them.
      PROBE_INTERVAL: '0',
      // Hashes in microseconds, which production refuses.
      ...(options.env?.NODE_ENV !== 'production' && { SECURITY_ARGON2_MEMORY: '8' }),
      // Tests ask for more tokens than an honest client, and show wrong secrets.
      RATE_LIMIT_TOKEN: '0',
      ...options.env,
    },
    join(dataDir, 'no.env'),
  );
  if (options.heartbeatMs !== undefined) settings.aiBridge.heartbeatInterval = options.heartbeatMs / 1_000;
  const logs: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      logs.push(...chunk.toString().split('\n').filter(Boolean));
      done();
    },
  });
  const log = createLogger(settings.logging, settings.app, sink);
  const app = await createApp(settings, log);
  await app.listen(settings.app.port, '127.0.0.1');
  const url = await app.getUrl();
  const http = request(url);
  const admin = await tokenOf(http, 'admin', ADMIN_SECRET);
  return {
    app,
    database,
    dataDir,
    logs,
    url,
    http,
    admin,
    client: async (role, ...spaces) => {
      const created = await http
        .post('/api/v1/auth/clients')
        .auth(admin, { type: 'bearer' })
        .send({ name: role, role, ...(spaces.length > 0 && { spaces }) })
        .expect(201);
      const { client_id, client_secret } = created.body as { client_id: string; client_secret: string };
      return { clientId: client_id, secret: client_secret, token: await tokenOf(http, client_id, client_secret) };
    },
    close: async () => {
      await app.close();
      await log.close();
      if (!options.database) await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export async function tokenOf(
  http: ReturnType<typeof request>,
  clientId: string,
  clientSecret: string,
): Promise<string> {
  const response = await http
    .post('/api/v1/auth/token')
    .send({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
    .expect(200);
  return (response.body as { access_token: string }).access_token;
}
