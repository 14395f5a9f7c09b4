import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callerKeyOf, loadSettings } from '#config';

const encode = ({ privateKey }: KeyPairKeyObjectResult): string =>
  privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');

describe('SECURITY_CALLER_KEY', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ooder-settings-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const load = (env: Record<string, string> = {}): string | undefined =>
    loadSettings({ DATA_DIR: folder, ...env }, join(folder, '.env')).security.callerKey;
  const path = () => join(folder, 'caller-key');

  it('is made, and kept, where it is not set, also in production', () => {
    const made =
      load({ NODE_ENV: 'production', SECURITY_JWT_SECRET: '0123456789abcdefghijklmnopqrstuvwxyzABCDEF' }) ?? '';
    expect(callerKeyOf(made)?.algorithm).toBe('EdDSA');
    expect(load()).toBe(made);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['EdDSA', generateKeyPairSync('ed25519')],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ])('may be of %s', (algorithm, pair) => {
    const key = load({ SECURITY_CALLER_KEY: encode(pair) }) ?? '';
    expect(callerKeyOf(key)?.algorithm).toBe(algorithm);
    expect(existsSync(path())).toBe(false);
  });

  it('is not made if access tokens have a key pair', () => {
    expect(load({ SECURITY_ALGORITHM: 'EdDSA', SECURITY_PRIVATE_KEY_FILE: '/key.pem' })).toBeUndefined();
    expect(existsSync(path())).toBe(false);
  });

  it.each([
    'a text',
    encode(generateKeyPairSync('ec', { namedCurve: 'P-384' })),
    encode(generateKeyPairSync('rsa', { modulusLength: 2048 })),
    generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  ])('must not be another key or none (%#)', (text) => {
    const message = 'SECURITY_CALLER_KEY (or the file caller-key in DATA_DIR) must be a private key';
    expect(() => load({ SECURITY_CALLER_KEY: text })).toThrow(message);
    writeFileSync(path(), text);
    expect(() => load()).toThrow(message);
  });
});
