import { randomBytes } from 'node:crypto';
import type { AppSettings } from './app.settings.js';
import { keepSecret } from './data-folder.js';
import { HMAC_ALGORITHMS, type SecuritySettings } from './security.settings.js';
import type { SettingFault } from './setting.js';

const MIN_BYTES = 32;
const PLACEHOLDER = /your[_-]?(jwt|secret)|change[_-]?(me|it|in|this)|placeholder|example|^(secret|password)/i;

/** Returns why a secret must not sign tokens, or undefined if it may. RFC 7518 section 3.2: a key as long as the hash. */
export function findWeakness(secret: string | undefined): string | undefined {
  if (secret === undefined) return 'is not set';
  if (PLACEHOLDER.test(secret)) return 'is a placeholder';
  if (Buffer.byteLength(secret) < MIN_BYTES) return `is shorter than ${MIN_BYTES} bytes`;
  if (new Set(secret).size < 8) return 'repeats fewer than 8 different characters';
  return undefined;
}

/** Previous secrets sign no tokens, but an attacker who guesses one can. */
export function checkPreviousSecrets({ previousJwtSecrets }: SecuritySettings, faults: SettingFault[]): void {
  const weakness = previousJwtSecrets.map(findWeakness).find((found) => found !== undefined);
  if (weakness === undefined) return;
  faults.push({
    variable: 'SECURITY_PREVIOUS_JWT_SECRETS',
    problem: `holds a secret that ${weakness}`,
    example: 'the secret before, for as long as its tokens live',
  });
}

/**
 * Applies protocol.md section 2: a weak secret stops the start in production. Elsewhere a random secret replaces it, stored in
 * the data folder so that tokens survive a restart. Returns a warning for the log if it replaced a secret that was set.
 */
export function resolveJwtSecret(app: AppSettings, security: SecuritySettings, faults: SettingFault[]): string[] {
  if (!(HMAC_ALGORITHMS as readonly string[]).includes(security.algorithm)) return [];
  const weakness = findWeakness(security.jwtSecret);
  if (weakness === undefined) return [];
  if (app.isProduction) {
    faults.push({
      variable: 'SECURITY_JWT_SECRET',
      problem: `${weakness}; production needs a random secret of at least ${MIN_BYTES} bytes`,
      example: 'the output of: openssl rand -base64 48',
    });
    return [];
  }
  // If another setting is wrong, the start fails, and no file should be created.
  if (faults.length > 0) return [];
  const given = security.jwtSecret !== undefined;
  security.jwtSecret = keepSecret(app.dataDir, 'jwt-secret', () => randomBytes(48).toString('base64url'));
  return given ? [`SECURITY_JWT_SECRET ${weakness}: a random one from ${app.dataDir}/jwt-secret is used instead`] : [];
}
