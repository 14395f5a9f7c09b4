import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, SettingsError } from '#config';

describe('CALLBACK_SIGNING_SECRET', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ooder-settings-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const load = (env: Record<string, string> = {}): string | undefined =>
    loadSettings({ DATA_DIR: join(folder, 'data'), ...env }, join(folder, '.env')).commands.callbackSigningSecret;

  it('is made, and kept, where it is not set', () => {
    const made = load() ?? '';
    expect(Buffer.from(made.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
    expect(load()).toBe(made);
    expect(statSync(join(folder, 'data', 'callback-signing-secret')).mode & 0o777).toBe(0o600);
  });

  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'a plain text of some length'])('may be %s', (secret) => {
    expect(load({ CALLBACK_SIGNING_SECRET: secret })).toBe(secret);
  });

  it.each([
    'short',
    'whsec_short',
    'whsec_this is no base64 at all, but long',
    'a'.repeat(40),
    `whsec_${'abcdefgh'.repeat(11)}`,
  ])('must not be %s', (secret) => {
    try {
      load({ CALLBACK_SIGNING_SECRET: secret });
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      expect(error.faults).toMatchObject([{ variable: 'CALLBACK_SIGNING_SECRET' }]);
      expect(error.message).not.toContain(secret);
      return;
    }
    throw new Error('it was taken');
  });
});
