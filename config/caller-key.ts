import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { AppSettings } from './app.settings.js';
import { isReadOnly, keepSecret } from './data-folder.js';
import { KEY_PAIR_ALGORITHMS, type KeyPairAlgorithm, type SecuritySettings } from './security.settings.js';
import type { SettingFault } from './setting.js';

const VARIABLE = 'SECURITY_CALLER_KEY';

export interface CallerKey {
  privateKey: KeyObject;
  algorithm: KeyPairAlgorithm;
}

/** Parses a private key of EdDSA (Ed25519) or ES256 (P-256): PKCS 8 in base64. Returns undefined if it is not one. */
export function callerKeyOf(text: string): CallerKey | undefined {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = privateKey;
  if (asymmetricKeyType === 'ed25519') return { privateKey, algorithm: 'EdDSA' };
  return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? { privateKey, algorithm: 'ES256' } : undefined;
}

/**
 * Finds the key that signs `x-ooder-caller`, which Skills check with its public half. If it is not set, and access tokens have a
 * shared secret, it makes one and stores it in the data folder; if that is read-only, there is none, and no Skill can check the
 * header. Replicas without a shared data folder must set it; otherwise each signs with its own key.
 */
export function resolveCallerKey(app: AppSettings, security: SecuritySettings, faults: SettingFault[]): void {
  const isPair = (KEY_PAIR_ALGORITHMS as readonly string[]).includes(security.algorithm);
  // If another setting is wrong, the start fails, and no file should be created.
  if (security.callerKey === undefined && !isPair && faults.length === 0) security.callerKey = keepKey(app.dataDir);
  if (security.callerKey === undefined || callerKeyOf(security.callerKey) !== undefined) return;
  faults.push({
    variable: VARIABLE,
    problem: '(or the file caller-key in DATA_DIR) must be a private key of Ed25519 or P-256, PKCS 8 in base64',
    example: 'the output of: openssl genpkey -algorithm ed25519 -outform DER | base64',
  });
}

function keepKey(dataDir: string): string | undefined {
  try {
    return keepSecret(dataDir, 'caller-key', () =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    );
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    return undefined;
  }
}
