import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JwtService } from '@nestjs/jwt';
import {
  HMAC_ALGORITHMS,
  type HmacAlgorithm,
  type KeyPairAlgorithm,
  type SecuritySettings,
  SettingsError,
} from '#config';
import { jwtVerify, SignJWT } from 'jose';

export type Claims = Record<string, unknown>;

/**
 * Signs and checks the tokens of this service. `verify` accepts only the configured algorithm, whatever the token's
 * own header says (RFC 8725 section 3.1), checks `exp` (which must be there), `nbf`, `iss` and `aud`, and rejects
 * with an error when anything is wrong.
 */
export interface TokenSigner {
  sign(claims: Claims): Promise<string>;
  verify(token: string): Promise<Claims>;
}

/** What every token must carry. */
export interface TokenScope {
  issuer: string;
  audience: string;
}

/** Seconds by which the clocks of two machines may differ. */
const LEEWAY_S = 5;

/** HS256, HS384, HS512: one secret signs and checks. */
export class HmacSigner implements TokenSigner {
  constructor(
    private readonly jwt: JwtService,
    private readonly secret: string,
    private readonly algorithm: HmacAlgorithm,
    private readonly scope: TokenScope,
  ) {}

  sign(claims: Claims): Promise<string> {
    return this.jwt.signAsync(
      { ...claims, iss: this.scope.issuer, aud: this.scope.audience },
      {
        secret: this.secret,
        algorithm: this.algorithm,
      },
    );
  }

  async verify(token: string): Promise<Claims> {
    const claims = await this.jwt.verifyAsync<Claims>(token, {
      secret: this.secret,
      algorithms: [this.algorithm],
      clockTolerance: LEEWAY_S,
      ...this.scope,
    });
    // The library takes a token without an expiry for one that never expires.
    if (typeof claims.exp !== 'number') throw new Error('the token has no expiry');
    return claims;
  }
}

/** RS256, ES256, EdDSA: a private key signs; everybody with the public key can check. */
export class KeyPairSigner implements TokenSigner {
  private readonly publicKey: KeyObject;

  constructor(
    private readonly privateKey: KeyObject,
    private readonly algorithm: KeyPairAlgorithm,
    private readonly scope: TokenScope,
  ) {
    this.publicKey = createPublicKey(privateKey);
  }

  sign(claims: Claims): Promise<string> {
    return new SignJWT({ ...claims, iss: this.scope.issuer, aud: this.scope.audience })
      .setProtectedHeader({ alg: this.algorithm, typ: 'JWT' })
      .sign(this.privateKey);
  }

  async verify(token: string): Promise<Claims> {
    const { payload } = await jwtVerify(token, this.publicKey, {
      algorithms: [this.algorithm],
      clockTolerance: LEEWAY_S,
      requiredClaims: ['exp'],
      ...this.scope,
    });
    return payload;
  }
}

const KEY_TYPES: Readonly<Record<KeyPairAlgorithm, string>> = { RS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };

/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048;

/** The signer that the settings ask for. @throws SettingsError when there is no secret, or no key file that fits. */
export function createTokenSigner(settings: SecuritySettings, jwt: JwtService, scope: TokenScope): TokenSigner {
  const { algorithm, jwtSecret, privateKeyFile = '' } = settings;
  if (!isHmac(algorithm)) return new KeyPairSigner(readPrivateKey(privateKeyFile, algorithm), algorithm, scope);
  if (jwtSecret === undefined) {
    const example = 'the output of: openssl rand -base64 48';
    throw new SettingsError([{ variable: 'SECURITY_JWT_SECRET', problem: 'is not set', example }]);
  }
  return new HmacSigner(jwt, jwtSecret, algorithm, scope);
}

function readPrivateKey(file: string, algorithm: KeyPairAlgorithm): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch (error) {
    throw keyFault(`cannot be read as a private key (${(error as NodeJS.ErrnoException).code ?? 'no PEM'})`);
  }
  if (key.asymmetricKeyType !== KEY_TYPES[algorithm]) {
    throw keyFault(`holds no ${KEY_TYPES[algorithm]} key, which ${algorithm} needs`);
  }
  const { namedCurve = 'prime256v1', modulusLength = MIN_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (namedCurve !== 'prime256v1') throw keyFault('holds no key on P-256, which ES256 needs');
  if (modulusLength < MIN_RSA_BITS) throw keyFault(`holds a key of less than ${MIN_RSA_BITS} bits`);
  return key;
}

function keyFault(problem: string): SettingsError {
  return new SettingsError([
    { variable: 'SECURITY_PRIVATE_KEY_FILE', problem, example: '/etc/ooder-skill/jwt-key.pem' },
  ]);
}

function isHmac(algorithm: SecuritySettings['algorithm']): algorithm is HmacAlgorithm {
  return (HMAC_ALGORITHMS as readonly string[]).includes(algorithm);
}
