import { registerAs } from '@nestjs/config';
import { IsIn, IsInt, IsNotIn, Length, Matches, Max, Min, MinLength } from 'class-validator';
import { RESERVED_CLIENT_IDS } from './reserved-client-ids.js';
import type { AppSettings } from './app.settings.js';
import { Setting, type SettingFault } from './setting.js';

export const HMAC_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export const KEY_PAIR_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type HmacAlgorithm = (typeof HMAC_ALGORITHMS)[number];
export type KeyPairAlgorithm = (typeof KEY_PAIR_ALGORITHMS)[number];
export type SigningAlgorithm = HmacAlgorithm | KeyPairAlgorithm;

/** The longest lifetime of an access token, in seconds. Revocations are stored no longer than this. */
export const MAX_JWT_EXPIRY = 86_400;

/** KiB (OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, 2 passes, 1 lane). */
const ARGON2_MEMORY = 19_456;

/** Tokens and the first client (deployment guide 4.3; AI Bridge v0.6.0 defines only the names). */
export class SecuritySettings {
  /** Shared secret of the HS algorithms. See `resolveJwtSecret` for a missing or weak one. */
  @Setting('SECURITY_JWT_SECRET', { example: 'the output of: openssl rand -base64 48' })
  jwtSecret?: string;

  /** Lifetime of an access token in seconds. */
  @Setting('SECURITY_JWT_EXPIRY', { example: '3600' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(MAX_JWT_EXPIRY, { message: `must not be over ${MAX_JWT_EXPIRY}` })
  jwtExpiry: number = 3600;

  /**
   * Lifetime of a refresh token in seconds; each use issues a new one. The default of a day is much longer than an access token
   * is valid, and short enough that unused sessions (every grant opens one) do not accumulate.
   */
  @Setting('SECURITY_REFRESH_EXPIRY', { example: '86400' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(31_536_000, { message: 'must not be over 31536000' })
  refreshExpiry: number = 86_400;

  /**
   * Seconds in which a second use of a refresh token gets the tokens of the first one, for clients that refresh twice at the
   * same time or did not get the answer. Later, or with 0, it ends the session.
   */
  @Setting('SECURITY_REFRESH_GRACE', { example: '5' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(60, { message: 'must not be over 60' })
  refreshGrace: number = 5;

  /** Sessions of one client. A further session ends the least recently used one. 0: no limit. */
  @Setting('SECURITY_MAX_SESSIONS', { example: '1000' })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(100_000, { message: 'must not be over 100000' })
  maxSessions: number = 1000;

  /** `iss` of the tokens and `issuer` of the metadata. Default: APP_PUBLIC_URL; see `ServiceIdentity` for the rest. */
  @Setting('SECURITY_JWT_ISSUER', { example: 'https://registry.example.com' })
  @Matches(/^[\x21-\x7e]{1,255}$/, { message: 'must be 1 to 255 ASCII characters without spaces' })
  jwtIssuer?: string;

  @Setting('SECURITY_ALGORITHM', { example: 'HS256' })
  @IsIn([...HMAC_ALGORITHMS, ...KEY_PAIR_ALGORITHMS], {
    message: `must be one of ${[...HMAC_ALGORITHMS, ...KEY_PAIR_ALGORITHMS].join(', ')}`,
  })
  algorithm: SigningAlgorithm = 'HS256';

  /** PEM file (PKCS 8) with the private key of RS256, ES256 or EdDSA. */
  @Setting('SECURITY_PRIVATE_KEY_FILE', { example: '/etc/ooder-skill/jwt-key.pem' })
  @Length(1, 4096, { message: 'must be a path' })
  privateKeyFile?: string;

  /** Previous secrets, separated by commas. Tokens that they signed stay valid until they expire. */
  @Setting('SECURITY_PREVIOUS_JWT_SECRETS', { example: 'the secret before, for as long as its tokens live' })
  previousJwtSecrets: string[] = [];

  /** PEM files with the previous keys (public or private), separated by commas. */
  @Setting('SECURITY_PREVIOUS_KEY_FILES', { example: '/etc/ooder-skill/jwt-key-2025.pem' })
  previousKeyFiles: string[] = [];

  /** The private key that signs `x-ooder-caller`: PKCS 8 in base64. See `resolveCallerKey` for the default. */
  @Setting('SECURITY_CALLER_KEY', {
    example: 'the output of: openssl genpkey -algorithm ed25519 -outform DER | base64',
  })
  callerKey?: string;

  /** The key that encrypts secret values of Skills. See `resolveEncryptionKey` for the default. */
  @Setting('SECURITY_ENCRYPTION_KEY', { example: 'the output of: openssl rand -base64 32' })
  encryptionKey?: string;

  /** Previous keys, separated by commas. After `npm run secrets:rotate` they are not needed any more. */
  @Setting('SECURITY_PREVIOUS_ENCRYPTION_KEYS', { example: 'the key before, until npm run secrets:rotate has run' })
  previousEncryptionKeys: string[] = [];

  /** KiB of memory for the Argon2id hash of one client secret; production refuses less than the default. */
  @Setting('SECURITY_ARGON2_MEMORY', { example: String(ARGON2_MEMORY) })
  @IsInt({ message: 'must be a whole number of KiB' })
  @Min(8, { message: 'must not be under 8' })
  @Max(1_048_576, { message: 'must not be over 1048576' })
  argon2Memory: number = ARGON2_MEMORY;

  @Setting('SECURITY_ADMIN_CLIENT_ID', { example: 'admin' })
  @Matches(/^[A-Za-z0-9._-]{1,64}$/, { message: 'must be 1 to 64 letters, digits, dots, dashes or underscores' })
  @IsNotIn(RESERVED_CLIENT_IDS, {
    message: 'must not be a name that the service uses itself, such as system or import',
  })
  adminClientId: string = 'admin';

  /** If unset, the first start generates one and writes it to DATA_DIR/admin-client-secret (mode 0600). */
  @Setting('SECURITY_ADMIN_CLIENT_SECRET', { example: 'the output of: openssl rand -base64 32' })
  @MinLength(16, { message: 'must have at least 16 characters' })
  adminClientSecret?: string;
}

/** Only tests may use hashes that cost less than the default. */
export function checkArgon2Memory(app: AppSettings, { argon2Memory }: SecuritySettings, faults: SettingFault[]): void {
  if (!app.isProduction || argon2Memory >= ARGON2_MEMORY) return;
  const example = String(ARGON2_MEMORY);
  faults.push({ variable: 'SECURITY_ARGON2_MEMORY', problem: `must not be under ${example} in production`, example });
}

export const securitySettings = registerAs('security', () => new SecuritySettings());
