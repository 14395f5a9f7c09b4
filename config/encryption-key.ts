import { randomBytes } from 'node:crypto';
import type { AppSettings } from './app.settings.js';
import { keepSecret } from './data-folder.js';
import type { SecuritySettings } from './security.settings.js';
import type { SettingFault } from './setting.js';

const BYTES = 32;

/** Parses an AES-256 key in hex, base64 or base64url. Returns undefined if it is not one. */
export function encryptionKeyOf(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length === BYTES ? key : undefined;
}

/**
 * Returns the key that encrypts secret values of Skills. If it is not set outside of production, it generates one and stores it
 * in the data folder. In production no value can be secret until it is set, because a key in a container would be lost with
 * the container.
 */
export function resolveEncryptionKey(app: AppSettings, security: SecuritySettings, faults: SettingFault[]): void {
  const { encryptionKey, previousEncryptionKeys } = security;
  if (previousEncryptionKeys.some((key) => encryptionKeyOf(key) === undefined)) {
    faults.push(createFault('SECURITY_PREVIOUS_ENCRYPTION_KEYS'));
  }
  if (encryptionKey !== undefined) {
    const key = encryptionKeyOf(encryptionKey);
    if (key === undefined || new Set(key).size < 8) faults.push(createFault('SECURITY_ENCRYPTION_KEY'));
  } else if (!app.isProduction && faults.length === 0) {
    security.encryptionKey = keepSecret(app.dataDir, 'encryption-key', () => randomBytes(BYTES).toString('base64'));
  }
}

function createFault(variable: string): SettingFault {
  return {
    variable,
    problem: `must be ${BYTES} random bytes in base64 or hex`,
    example: `the output of: openssl rand -base64 ${BYTES}`,
  };
}
