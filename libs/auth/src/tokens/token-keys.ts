import { createHash, createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  callerKeyOf,
  HMAC_ALGORITHMS,
  type HmacAlgorithm,
  KEY_PAIR_ALGORITHMS,
  type KeyPairAlgorithm,
  type SecuritySettings,
  SettingsError,
} from '#config';
import type { JWK } from 'jose';

/** A shared secret with its one algorithm. */
export interface HmacKey {
  kid: string;
  algorithm: HmacAlgorithm;
  /** Not the text: the library would parse it as PEM for every token, which costs thirty times the check itself. */
  secret: KeyObject;
}

/** A public key with its one algorithm; the present key also signs. */
export interface PublicKey {
  kid: string;
  algorithm: KeyPairAlgorithm;
  publicKey: KeyObject;
}

export interface KeyPair extends PublicKey {
  privateKey: KeyObject;
}

export type VerificationKey = HmacKey | PublicKey;

/** The keys of the settings: the key that signs, and earlier ones. */
export interface TokenKeys {
  current: HmacKey | KeyPair;
  previous: VerificationKey[];
}

type Variable = 'SECURITY_PRIVATE_KEY_FILE' | 'SECURITY_PREVIOUS_KEY_FILES';

const KEY_TYPES: Readonly<Record<KeyPairAlgorithm, string>> = { RS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };
/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048;
/** The members of a JWK that its thumbprint covers, in the order of RFC 7638 section 3.2. */
const THUMBPRINT_MEMBERS = ['crv', 'e', 'kty', 'n', 'x', 'y'] as const;

/** @throws SettingsError when there is no secret, or no key file that fits; names every file that does not. */
export function readTokenKeys(settings: SecuritySettings): TokenKeys {
  const faults: SettingsError[] = [];
  const previous = [
    ...settings.previousJwtSecrets.flatMap((secret) => HMAC_ALGORITHMS.map((algorithm) => hmacKey(secret, algorithm))),
    ...settings.previousKeyFiles.flatMap((file) => collect(() => readPreviousKey(file), faults)),
  ];
  const [current] = collect(() => readCurrentKey(settings), faults);
  if (current === undefined || faults.length > 0) throw new SettingsError(faults.flatMap(({ faults: list }) => list));
  return { current, previous };
}

/** The key that signs caller assertions; undefined: that of access tokens signs them. */
export function readCallerKey({ callerKey }: SecuritySettings): KeyPair | undefined {
  const key = callerKey === undefined ? undefined : callerKeyOf(callerKey);
  return key && { ...toPublicKey(createPublicKey(key.privateKey), key.algorithm), privateKey: key.privateKey };
}

/** For the JWKS. */
export function toJwk({ kid, algorithm, publicKey }: PublicKey): JWK {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
}

function readCurrentKey({ algorithm, jwtSecret, privateKeyFile = '' }: SecuritySettings): HmacKey | KeyPair {
  if (isHmac(algorithm)) {
    if (jwtSecret !== undefined) return hmacKey(jwtSecret, algorithm);
    const example = 'the output of: openssl rand -base64 48';
    throw new SettingsError([{ variable: 'SECURITY_JWT_SECRET', problem: 'is not set', example }]);
  }
  const variable = 'SECURITY_PRIVATE_KEY_FILE';
  const privateKey = readPem(privateKeyFile, createPrivateKey, variable, 'a private key');
  if (privateKey.asymmetricKeyType !== KEY_TYPES[algorithm]) {
    throw keyFault(variable, `holds no ${KEY_TYPES[algorithm]} key, which ${algorithm} needs`);
  }
  return { ...derivePublicKey(createPublicKey(privateKey), algorithm, variable), privateKey };
}

/** `createPublicKey` makes a public key of a private one as well. */
function readPreviousKey(file: string): PublicKey {
  const variable = 'SECURITY_PREVIOUS_KEY_FILES';
  const publicKey = readPem(file, createPublicKey, variable, 'a key');
  const algorithm = KEY_PAIR_ALGORITHMS.find((candidate) => KEY_TYPES[candidate] === publicKey.asymmetricKeyType);
  if (algorithm === undefined) throw keyFault(variable, `holds a key in ${file} that is not of RS256, ES256 or EdDSA`);
  return derivePublicKey(publicKey, algorithm, variable);
}

function readPem(file: string, parse: (pem: Buffer) => KeyObject, variable: Variable, what: string): KeyObject {
  try {
    return parse(readFileSync(file));
  } catch (error) {
    const which = variable === 'SECURITY_PREVIOUS_KEY_FILES' ? `: ${file} ` : ' ';
    throw keyFault(variable, `cannot be read as ${what}${which}(${(error as NodeJS.ErrnoException).code ?? 'no PEM'})`);
  }
}

function derivePublicKey(publicKey: KeyObject, algorithm: KeyPairAlgorithm, variable: Variable): PublicKey {
  const { namedCurve = 'prime256v1', modulusLength = MIN_RSA_BITS } = publicKey.asymmetricKeyDetails ?? {};
  if (namedCurve !== 'prime256v1') throw keyFault(variable, 'holds no key on P-256, which ES256 needs');
  if (modulusLength < MIN_RSA_BITS) throw keyFault(variable, `holds a key of less than ${MIN_RSA_BITS} bits`);
  return toPublicKey(publicKey, algorithm);
}

function toPublicKey(publicKey: KeyObject, algorithm: KeyPairAlgorithm): PublicKey {
  const jwk = publicKey.export({ format: 'jwk' });
  const members = THUMBPRINT_MEMBERS.filter((name) => jwk[name] !== undefined).map((name) => [name, jwk[name]]);
  return { kid: thumbprint(Object.fromEntries(members) as object), algorithm, publicKey };
}

/** Its id depends on the algorithm too, so a previous secret checks only tokens whose header has this id. */
function hmacKey(secret: string, algorithm: HmacAlgorithm): HmacKey {
  return {
    kid: thumbprint({ alg: algorithm, k: secret, kty: 'oct' }),
    algorithm,
    secret: createSecretKey(Buffer.from(secret)),
  };
}

function thumbprint(members: object): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function collect<T>(read: () => T, faults: SettingsError[]): T[] {
  try {
    return [read()];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    faults.push(error);
    return [];
  }
}

function keyFault(variable: Variable, problem: string): SettingsError {
  return new SettingsError([{ variable, problem, example: '/etc/ooder-skill/jwt-key.pem' }]);
}

function isHmac(algorithm: SecuritySettings['algorithm']): algorithm is HmacAlgorithm {
  return (HMAC_ALGORITHMS as readonly string[]).includes(algorithm);
}
