import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keepSecret, loadSettings, type Settings, SettingsError } from '#config';

const GOOD_SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';

describe('the JWT secret', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ooder-secret-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const load = (secret: string | undefined, NODE_ENV: string): Settings =>
    loadSettings({ DATA_DIR: folder, NODE_ENV, SECURITY_JWT_SECRET: secret }, join(folder, 'no.env'));

  const WEAK: [string | undefined, string][] = [
    [undefined, 'is not set'],
    ['', 'is not set'],
    ['your_jwt_secret_key', 'is a placeholder'],
    ['your_jwt_secret_key_of_more_than_32_bytes', 'is a placeholder'],
    ['change-me-change-me-change-me-change-me', 'is a placeholder'],
    ['secret-0123456789abcdefghijklmnop-qrstu', 'is a placeholder'],
    ['0123456789abcdefghijklmnopqrstu', 'is shorter than 32 bytes'],
    ['ab'.repeat(40), 'repeats fewer than 8 different characters'],
  ];

  it.each(WEAK)('"%s" stops a production start: it %s', (secret, problem) => {
    expect(() => load(secret, 'production')).toThrow(`SECURITY_JWT_SECRET ${problem}; production needs`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(WEAK)('"%s" is replaced by a kept random one elsewhere', (secret) => {
    const first = load(secret, 'development');
    expect(first.security.jwtSecret).toMatch(/^[\w-]{64}$/);
    expect(load(secret, 'test').security.jwtSecret).toBe(first.security.jwtSecret);
    expect(statSync(join(folder, 'jwt-secret')).mode & 0o777).toBe(0o600);
    // Somebody set it, and should be told, but not what it was.
    expect(first.warnings).toHaveLength(secret ? 1 : 0);
    if (secret) expect(first.warnings.join()).not.toContain(secret);
  });

  it('is used as it is when it is good', () => {
    for (const environment of ['production', 'development']) {
      expect(load(GOOD_SECRET, environment)).toMatchObject({ warnings: [], security: { jwtSecret: GOOD_SECRET } });
    }
    expect(existsSync(join(folder, 'jwt-secret'))).toBe(false);
  });

  it('is not made by a start that fails for another setting', () => {
    expect(() => loadSettings({ DATA_DIR: join(folder, 'new'), APP_PORT: 'x' }, join(folder, 'no.env'))).toThrow(
      SettingsError,
    );
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  it('is one when processes start at the same time', async () => {
    const dataDir = join(folder, 'shared');
    const script = `const { keepSecret } = await import('#config');
      process.stdout.write(keepSecret(process.argv[1], 'shared', () => String(process.pid)));`;
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, dataDir]);
    const answers = await Promise.all([run(), run(), run(), run()]);
    expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
    expect(readdirSync(dataDir)).toEqual(['shared']);
    expect(keepSecret(dataDir, 'shared', () => 'other')).toBe(answers[0].stdout);
  });
});
