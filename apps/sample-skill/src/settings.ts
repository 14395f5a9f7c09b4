import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Credentials } from './registry-client.js';
import type { SampleSkillOptions } from './sample-skill.js';

/** A setting is wrong; the message says which. */
export class SettingError extends Error {}

/**
 * Reads the environment, which wins over `.env`:
 * - `SKILL_REGISTRY_URL` (http://localhost:8000/api/v1)
 * - `SKILL_REGISTRY_API_KEY`, or `SKILL_REGISTRY_CLIENT_ID` and `SKILL_REGISTRY_CLIENT_SECRET`: of a client with the role
 *   publisher. Without them the admin client is used, with the secret in `DATA_DIR` (.data): for development only.
 * - `SAMPLE_SKILL_PORT` (8100; 0: a free one), `SAMPLE_SKILL_HOST` (127.0.0.1), and `SAMPLE_SKILL_URL`, if the registry must
 *   use another address
 */
export function loadOptions(): SampleSkillOptions {
  const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  const env: Record<string, string | undefined> = { ...file, ...process.env };
  const port = Number(env.SAMPLE_SKILL_PORT ?? 8100);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new SettingError('SAMPLE_SKILL_PORT must be a port');
  const registryUrl = (env.SKILL_REGISTRY_URL ?? 'http://localhost:8000/api/v1').replace(/\/+$/, '');
  if (!/^https?:/.test(registryUrl) || !URL.canParse(registryUrl)) {
    throw new SettingError('SKILL_REGISTRY_URL must be a URL such as http://localhost:8000/api/v1');
  }
  return {
    registryUrl,
    // One that people can type. The examples of the registry's OpenAPI document use it.
    skillId: 'weather',
    credentials: credentialsOf(env),
    port,
    host: env.SAMPLE_SKILL_HOST ?? '127.0.0.1',
    publicUrl: env.SAMPLE_SKILL_URL?.replace(/\/+$/, ''),
  };
}

function credentialsOf(env: Record<string, string | undefined>): Credentials {
  const apiKey = env.SKILL_REGISTRY_API_KEY;
  if (apiKey !== undefined) return { apiKey };
  const [clientId, secret] = [env.SKILL_REGISTRY_CLIENT_ID, env.SKILL_REGISTRY_CLIENT_SECRET];
  if ((clientId === undefined) !== (secret === undefined)) {
    throw new SettingError('SKILL_REGISTRY_CLIENT_ID and SKILL_REGISTRY_CLIENT_SECRET go together');
  }
  if (clientId !== undefined && secret !== undefined) return { clientId, secret: () => secret };
  const path = join(env.DATA_DIR ?? '.data', 'admin-client-secret');
  return {
    clientId: env.SECURITY_ADMIN_CLIENT_ID ?? 'admin',
    secret: () => {
      if (env.SECURITY_ADMIN_CLIENT_SECRET !== undefined) return env.SECURITY_ADMIN_CLIENT_SECRET;
      if (!existsSync(path))
        throw new Error(`${path} is missing: start the registry first (npm start, in the same folder)`);
      return readFileSync(path, 'utf8').trim();
    },
  };
}
