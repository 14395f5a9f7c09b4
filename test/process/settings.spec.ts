import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endServices, newFolder, runService, startService } from '../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

describe('settings of a start', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await endServices();
    await database.drop();
  });

  it('tells every fault at once, and no value', async () => {
    const env = {
      NODE_ENV: 'production',
      SECURITY_JWT_SECRET: 'your_jwt_secret_key_change_in_production',
      APP_PORT: '99999',
      APP_DEBUG: 'perhaps',
      DATABASE_URL: 'postgresql://joe:hunter2#hunter2@db/skills',
      REDIS_URL: 'http://:hunter3-hunter3@cache',
      SECURITY_JWT_EXPIRY: 'soon',
      SECURITY_ADMIN_CLIENT_SECRET: 'hunter4',
      LOG_LEVEL: 'loud',
    };
    const { code, output } = await runService({ env });
    expect(code).toBe(1);
    for (const variable of Object.keys(env).slice(2))
      expect(output).toMatch(new RegExp(`^ +${variable} must .+example: `, 'm'));
    expect(output).toMatch(/SECURITY_JWT_SECRET .*openssl rand/);
    expect(output).toContain('8 setting(s)');
    expect(output).not.toMatch(/hunter\d|your_jwt|^ +at /m);
  });

  it('starts in production with a good secret; .env is read, and the environment wins', async () => {
    const cwd = newFolder();
    const lines = [
      'NODE_ENV=production',
      'SECURITY_JWT_SECRET=Zl1Yk3u0QxM2mW9rT7vB5nC8sD4fG6hJ',
      `DATABASE_URL="${database.url}"`,
      'APP_VERSION=7.8.9',
      'APP_NAME=of-the-file',
      'DATA_DIR=state',
    ];
    writeFileSync(join(cwd, '.env'), lines.join('\n'));
    const service = await startService({ cwd, env: { APP_NAME: 'of-the-environment' } });
    expect(service.lines[0]).toMatchObject({ service: 'of-the-environment', version: '7.8.9' });
    expect(service.messages).toContain('ooder-skill 7.8.9 is ready (PostgreSQL of DATABASE_URL)');
    const health = await fetch(`${service.url}/health`);
    expect(await health.json()).toMatchObject({ status: 'healthy', version: '7.8.9' });
    await expect(service.stop()).resolves.toMatchObject({ code: 0 });
    expect(service.output).not.toContain('Zl1Yk3u0QxM2mW9rT7vB5nC8sD4fG6hJ');
  });
});
