import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecuritySettings, SettingsError } from '#config';
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { createTokenSigner, type TokenScope, type TokenSigner } from './token-signer.js';

const SCOPE: TokenScope = {
  issuer: 'ooder-skill',
  audience: 'ooder-skill',
  accepts: (issuer) => issuer === 'ooder-skill',
};
const OLD_SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';
const NEW_SECRET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdef';
const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({ sub: 'me', iat: now(), exp: now() + 60 });

describe('rotation of keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ooder-rotation-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (name: string, key: KeyObject): string => {
    const file = join(folder, `${name}.pem`);
    writeFileSync(file, key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }));
    return file;
  };
  const pairs = {
    rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ed: generateKeyPairSync('ed25519'),
    ed2: generateKeyPairSync('ed25519'),
  };
  const files = Object.fromEntries(Object.entries(pairs).map(([name, pair]) => [name, write(name, pair.privateKey)]));
  const publicFiles = Object.fromEntries(
    Object.entries(pairs).map(([name, pair]) => [name, write(`${name}-public`, pair.publicKey)]),
  );
  const signerOf = (settings: Partial<SecuritySettings>): TokenSigner =>
    createTokenSigner(Object.assign(new SecuritySettings(), settings), SCOPE);
  const withKey = (algorithm: 'RS256' | 'ES256' | 'EdDSA', name: string, previousKeyFiles: string[] = []) =>
    signerOf({ algorithm, privateKeyFile: files[name], previousKeyFiles });

  it('names the key of a token by its thumbprint (RFC 7638), and shows it in the JWKS', async () => {
    for (const [algorithm, name] of [
      ['RS256', 'rsa'],
      ['ES256', 'ec'],
      ['EdDSA', 'ed'],
    ] as const) {
      const signer = withKey(algorithm, name);
      const token = await signer.sign(claims());
      const { kid } = decodeProtectedHeader(token);
      expect(kid).toBe(await calculateJwkThumbprint(pairs[name].publicKey.export({ format: 'jwk' })));
      expect(signer.jwks.keys).toMatchObject([{ kid, alg: algorithm, use: 'sig' }]);
      // The private parts of any kind of key (RFC 7518 section 6).
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
        expect(signer.jwks.keys[0]).not.toHaveProperty(secret);
      const checked = await jwtVerify(token, createLocalJWKSet(signer.jwks), SCOPE);
      expect(checked.payload).toMatchObject({ sub: 'me' });
    }
  });

  it('shows no shared secret', async () => {
    const signer = signerOf({ jwtSecret: NEW_SECRET, previousJwtSecrets: [OLD_SECRET] });
    expect(signer.jwks).toEqual({ keys: [] });
    const { kid } = decodeProtectedHeader(await signer.sign(claims()));
    expect(kid).toMatch(/^[\w-]{43}$/);
    expect(kid).not.toBe(createHash('sha256').update(NEW_SECRET).digest('base64url'));
  });

  it('still takes what a secret of the past signed, whatever its HS algorithm, and signs with the present one', async () => {
    const present = signerOf({ jwtSecret: NEW_SECRET, previousJwtSecrets: [OLD_SECRET] });
    for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
      const past = signerOf({ algorithm, jwtSecret: OLD_SECRET });
      expect(await present.verify(await past.sign(claims()))).toMatchObject({ sub: 'me' });
      await expect(past.verify(await present.sign(claims()))).rejects.toThrow();
    }
    await expect(
      signerOf({ jwtSecret: NEW_SECRET }).verify(await signerOf({ jwtSecret: OLD_SECRET }).sign(claims())),
    ).rejects.toThrow();
  });

  it('still takes what keys of the past signed, public or private files, and shows them all', async () => {
    const present = withKey('EdDSA', 'ed', [
      publicFiles.rsa ?? '',
      files.ec ?? '',
      publicFiles.ed2 ?? '',
      files.ed ?? '',
    ]);
    for (const past of [
      withKey('RS256', 'rsa'),
      withKey('ES256', 'ec'),
      withKey('EdDSA', 'ed2'),
      withKey('EdDSA', 'ed'),
    ]) {
      const token = await past.sign(claims());
      expect(await present.verify(token)).toMatchObject({ sub: 'me' });
      await jwtVerify(token, createLocalJWKSet(present.jwks), SCOPE);
    }
    expect(present.jwks.keys.map(({ alg }) => alg)).toEqual(['EdDSA', 'RS256', 'ES256', 'EdDSA']);
    expect(JSON.stringify(present.jwks)).not.toContain('"d":');
  });

  it('goes from a secret to a key pair, and back', async () => {
    const secret = signerOf({ jwtSecret: OLD_SECRET });
    const pair = signerOf({ algorithm: 'ES256', privateKeyFile: files.ec, previousJwtSecrets: [OLD_SECRET] });
    expect(await pair.verify(await secret.sign(claims()))).toMatchObject({ sub: 'me' });
    const back = signerOf({ jwtSecret: OLD_SECRET, previousKeyFiles: [publicFiles.ec ?? ''] });
    expect(await back.verify(await pair.sign(claims()))).toMatchObject({ sub: 'me' });
  });

  it('takes the algorithm from the key that the token names, never from the token', async () => {
    const present = signerOf({
      jwtSecret: NEW_SECRET,
      previousKeyFiles: [files.rsa ?? ''],
      previousJwtSecrets: [OLD_SECRET],
    });
    const kidOf = async (signer: TokenSigner) => decodeProtectedHeader(await signer.sign(claims())).kid ?? '';
    const rsaKid = await kidOf(withKey('RS256', 'rsa'));
    const body = { ...claims(), iss: SCOPE.issuer, aud: SCOPE.audience };
    const pem = Buffer.from(pairs.rsa.publicKey.export({ type: 'spki', format: 'pem' }));
    const sign = (alg: string, kid: string | undefined, key: KeyObject | Uint8Array) =>
      new SignJWT(body).setProtectedHeader({ alg, kid }).sign(key);
    const oldSecret = new TextEncoder().encode(OLD_SECRET);
    const hs256Kid = await kidOf(signerOf({ jwtSecret: OLD_SECRET }));
    for (const token of [
      // The public key as a secret.
      await sign('HS256', rsaKid, pem),
      await sign('HS256', undefined, pem),
      // The right key with another algorithm.
      await sign('RS512', rsaKid, pairs.rsa.privateKey),
      await sign('PS256', rsaKid, pairs.rsa.privateKey),
      await sign('HS512', hs256Kid, oldSecret),
      // A key of the past that is not named, and one that nobody has.
      await sign('HS256', undefined, oldSecret),
      await sign('RS256', undefined, pairs.rsa.privateKey),
      await sign('HS256', 'unknown', new TextEncoder().encode(NEW_SECRET)),
      // None.
      `${Buffer.from(JSON.stringify({ alg: 'none', kid: rsaKid })).toString('base64url')}.${Buffer.from(JSON.stringify(body)).toString('base64url')}.`,
    ]) {
      await expect(present.verify(token)).rejects.toThrow();
    }
    expect(await present.verify(await sign('HS256', hs256Kid, oldSecret))).toMatchObject({ sub: 'me' });
  });

  it('refuses a token without a time of issue, or issued in the future', async () => {
    const signer = signerOf({ jwtSecret: NEW_SECRET });
    const key = new TextEncoder().encode(NEW_SECRET);
    const token = (iat?: number) =>
      new SignJWT({ sub: 'me', iat, exp: now() + 600, iss: SCOPE.issuer, aud: SCOPE.audience })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(key);
    await expect(signer.verify(await token())).rejects.toThrow('issued');
    await expect(signer.verify(await token(now() + 60))).rejects.toThrow('issued');
    expect(await signer.verify(await token(now() + 3))).toMatchObject({ sub: 'me' });
  });

  it('tells every file that does not fit', () => {
    const text = join(folder, 'text.pem');
    writeFileSync(text, 'no key');
    const p384 = write('p384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
    const small = write('small', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
    const x25519 = write('x25519', generateKeyPairSync('x25519').publicKey);
    const previousKeyFiles = [text, join(folder, 'nowhere.pem'), p384, small, x25519];
    const problems = (() => {
      try {
        signerOf({ algorithm: 'EdDSA', privateKeyFile: text, previousKeyFiles });
      } catch (error) {
        if (error instanceof SettingsError)
          return error.faults.map(({ variable, problem }) => `${variable} ${problem}`);
        throw error;
      }
      throw new Error('the settings were taken');
    })();
    expect(problems).toEqual([
      expect.stringMatching(/^SECURITY_PREVIOUS_KEY_FILES cannot be read as a key: .*text\.pem/),
      expect.stringMatching(/^SECURITY_PREVIOUS_KEY_FILES .*nowhere\.pem \(ENOENT\)$/),
      expect.stringContaining('P-256'),
      expect.stringContaining('2048 bits'),
      expect.stringMatching(/x25519\.pem that is not of RS256, ES256 or EdDSA/),
      expect.stringMatching(/^SECURITY_PRIVATE_KEY_FILE cannot be read/),
    ]);
  });
});
