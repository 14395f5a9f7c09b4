import { randomBytes } from 'node:crypto';
import type { AppSettings } from './app.settings.js';
import type { CommandsSettings } from './commands.settings.js';
import { isReadOnly, keepSecret } from './data-folder.js';
import type { SettingFault } from './setting.js';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;
const VARIABLE = 'CALLBACK_SIGNING_SECRET';
const EXAMPLE = 'whsec_ and the output of: openssl rand -base64 32';

/** Returns why a secret is not valid for callbacks, or undefined if it is (Standard Webhooks: 24 to 64 random bytes). */
function findWeakness(secret: string): string | undefined {
  const coded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : undefined;
  if (coded !== undefined && !/^[A-Za-z0-9+/]+={0,2}$/.test(coded)) return `must be base64 after ${PREFIX}`;
  const key = coded === undefined ? Buffer.from(secret) : Buffer.from(coded, 'base64');
  if (key.length < MIN_BYTES) return `must be at least ${MIN_BYTES} bytes`;
  if (coded !== undefined && key.length > MAX_BYTES) return `must be at most ${MAX_BYTES} bytes`;
  return new Set(key).size < 8 ? 'repeats fewer than 8 different bytes' : undefined;
}

/**
 * Returns the secret that signs callbacks. If it is not set, it generates one and stores it in the data folder. Replicas
 * without a shared data folder must set it; otherwise each signs with its own secret.
 */
export function resolveCallbackSecret(app: AppSettings, commands: CommandsSettings, faults: SettingFault[]): void {
  const { callbackSigningSecret } = commands;
  if (callbackSigningSecret !== undefined) {
    const problem = findWeakness(callbackSigningSecret);
    if (problem !== undefined) faults.push({ variable: VARIABLE, problem, example: EXAMPLE });
    return;
  }
  // If another setting is wrong, the start fails, and no file should be created.
  if (faults.length > 0) return;
  try {
    commands.callbackSigningSecret = keepSecret(
      app.dataDir,
      'callback-signing-secret',
      () => PREFIX + randomBytes(32).toString('base64'),
    );
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    faults.push({ variable: VARIABLE, problem: 'is not set, and none can be kept in DATA_DIR', example: EXAMPLE });
  }
}
