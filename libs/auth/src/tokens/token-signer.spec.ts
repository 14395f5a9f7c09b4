import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HMAC_ALGORITHMS, KEY_PAIR_ALGORITHMS, SecuritySettings, type SigningAlgorithm } from '#config';
import { SignJWT } from 'jose';
import { type Claims, createTokenSigner, type TokenScope, type TokenSigner } from './token-signer.js';

const SCOPE: TokenScope = {
  issuer: 'ooder-skill',
  audience: 'ooder-skill',
  accepts: (issuer) => issuer === 'ooder-skill',
};
const SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';
const ALGORITHMS: readonly SigningAlgorithm[] = [...HMAC_ALGORITHMS, ...KEY_PAIR_ALGORITHMS];
const now = () => Math.floor(Date.now() / 1000);

describe('token signers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ooder-keys-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  const write = (name: string, key: KeyObject): string => {
    const file = join(folder, `${name}.pem`);
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }));
    return file;
  };
  const files = Object.fromEntries(
    Object.entries(pairs).map(([name, { privateKey }]) => [name, write(name, privateKey)]),
  );

  const signerOf = (
    algorithm: SigningAlgorithm,
    settings: Partial<SecuritySettings> = {},
    scope = SCOPE,
  ): TokenSigner =>
    createTokenSigner(
      Object.assign(new SecuritySettings(), {
        algorithm,
        jwtSecret: SECRET,
        privateKeyFile: files[algorithm],
        ...settings,
      }),
      scope,
    );
  const claims = (overrides: Claims = {}): Claims => ({ sub: 'me', iat: now(), exp: now() + 60, ...overrides });

  describe.each(ALGORITHMS)('%s: the contract of TokenSigner', (algorithm) => {
    const signer = signerOf(algorithm);

    it('gives back what it signed, with issuer and audience', async () => {
      const token = await signer.sign(claims({ role: 'viewer', text: '天气' }));
      expect(await signer.verify(token)).toMatchObject({
        sub: 'me',
        role: 'viewer',
        text: '天气',
        iss: SCOPE.issuer,
        aud: SCOPE.audience,
      });
      expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({
        alg: algorithm,
      });
    });

    it('refuses a token that has expired, has no expiry, or is not valid yet, with 5 s of leeway', async () => {
      await expect(signer.verify(await signer.sign(claims({ exp: now() - 8 })))).rejects.toThrow();
      await expect(signer.verify(await signer.sign({ sub: 'me', iat: now() }))).rejects.toThrow();
      await expect(signer.verify(await signer.sign(claims({ nbf: now() + 60 })))).rejects.toThrow();
      expect(await signer.verify(await signer.sign(claims({ exp: now() - 2 })))).toMatchObject({ sub: 'me' });
    });

    it('refuses a token of another issuer or audience', async () => {
      for (const scope of [
        { ...SCOPE, issuer: 'other' },
        { ...SCOPE, audience: 'other' },
      ]) {
        await expect(signer.verify(await signerOf(algorithm, {}, scope).sign(claims()))).rejects.toThrow();
      }
    });

    it('refuses the tokens of every other algorithm', async () => {
      for (const other of ALGORITHMS.filter((candidate) => candidate !== algorithm)) {
        await expect(signer.verify(await signerOf(other).sign(claims()))).rejects.toThrow();
      }
    });

    it('refuses a token without a signature, and one that was changed', async () => {
      const [head = '', body = '', signature = ''] = (await signer.sign(claims())).split('.');
      const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
      const forged = Buffer.from(
        JSON.stringify({ ...claims(), sub: 'admin', iss: SCOPE.issuer, aud: SCOPE.audience }),
      ).toString('base64url');
      for (const token of [
        `${none}.${body}.`,
        `${head}.${body}.`,
        `${head}.${forged}.${signature}`,
        `${head}.${body}`,
        '',
        'a.b.c',
      ]) {
        await expect(signer.verify(token)).rejects.toThrow();
      }
    });
  });

  it.each(KEY_PAIR_ALGORITHMS)('does not take the public key of %s for a shared secret', async (algorithm) => {
    const { publicKey } = pairs[algorithm];
    for (const format of ['pem', 'der'] as const) {
      const secret = Buffer.from(publicKey.export({ type: 'spki', format: format as 'pem' }));
      const token = await new SignJWT({ ...claims(), iss: SCOPE.issuer, aud: SCOPE.audience })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(secret);
      await expect(signerOf(algorithm).verify(token)).rejects.toThrow();
    }
  });

  it('refuses a token that another key signed', async () => {
    await expect(
      signerOf('HS256').verify(await signerOf('HS256', { jwtSecret: SECRET.toUpperCase() }).sign(claims())),
    ).rejects.toThrow();
    const file = write('other', generateKeyPairSync('ed25519').privateKey);
    await expect(
      signerOf('EdDSA').verify(await signerOf('EdDSA', { privateKeyFile: file }).sign(claims())),
    ).rejects.toThrow();
  });

  it('does not start with a key that does not fit', () => {
    expect(() => signerOf('RS256', { privateKeyFile: files.EdDSA })).toThrow('holds no rsa key, which RS256 needs');
    expect(() => signerOf('EdDSA', { privateKeyFile: files.ES256 })).toThrow('holds no ed25519 key');
    for (const privateKeyFile of [undefined, join(folder, 'nowhere.pem'), folder]) {
      expect(() => signerOf('ES256', { privateKeyFile })).toThrow('SECURITY_PRIVATE_KEY_FILE cannot be read');
    }
    writeFileSync(join(folder, 'text.pem'), 'no key');
    expect(() => signerOf('ES256', { privateKeyFile: join(folder, 'text.pem') })).toThrow('cannot be read');
    expect(() => signerOf('HS256', { jwtSecret: undefined })).toThrow('is not set');
    const p384 = write('p384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey);
    expect(() => signerOf('ES256', { privateKeyFile: p384 })).toThrow('P-256');
    const small = write('small', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey);
    expect(() => signerOf('RS256', { privateKeyFile: small })).toThrow('2048');
  });
});
