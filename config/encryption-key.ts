import { randomBytes } from 'node:crypto';
import type { AppSettings } from './app.settings.js';
import { keepSecret } from './data-folder.js';
import type { SecuritySettings } from './security.settings.js';
import type { SettingFault } from './setting.js';

const BYTES = 32;

/** A key of AES-256 in hex or base64 (either alphabet); undefined: it is none. */
export function encryptionKeyOf(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length === BYTES ? key : undefined;
}

/**
 * The key that secret values of Skills are encrypted with. Outside of production one is made and kept in the data folder;
 * in production no value can be secret until it is set, since a key that lives in a container would be lost with it.
 */
export function resolveEncryptionKey(app: AppSettings, security: SecuritySettings, faults: SettingFault[]): void {
  const { encryptionKey, previousEncryptionKeys } = security;
  if (previousEncryptionKeys.some((key) => encryptionKeyOf(key) === undefined)) {
    faults.push(faultOf('SECURITY_PREVIOUS_ENCRYPTION_KEYS'));
  }
  if (encryptionKey !== undefined) {
    const key = encryptionKeyOf(encryptionKey);
    if (key === undefined || new Set(key).size < 8) faults.push(faultOf('SECURITY_ENCRYPTION_KEY'));
  } else if (!app.isProduction && faults.length === 0) {
    security.encryptionKey = keepSecret(app.dataDir, 'encryption-key', () => randomBytes(BYTES).toString('base64'));
  }
}

function faultOf(variable: string): SettingFault {
  return {
    variable,
    problem: `must be ${BYTES} random bytes in base64 or hex`,
    example: `the output of: openssl rand -base64 ${BYTES}`,
  };
}
