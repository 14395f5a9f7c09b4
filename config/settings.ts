import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { AiBridgeSettings, checkUpstream } from './ai-bridge.settings.js';
import { AppSettings } from './app.settings.js';
import { resolveCallbackSecret } from './callback-secret.js';
import { resolveCallerKey } from './caller-key.js';
import { CatalogueSettings } from './catalogue.settings.js';
import { ChannelSettings, checkChannel } from './channel.settings.js';
import { CommandsSettings } from './commands.settings.js';
import { DatabaseSettings } from './database.settings.js';
import { checkPreviousSecrets, resolveJwtSecret } from './jwt-secret.js';
import { LoggingSettings } from './logging.settings.js';
import { checkEdge, EdgeSettings } from './edge.settings.js';
import { findMisspelled } from './misspelled.js';
import { resolveEncryptionKey } from './encryption-key.js';
import { checkOidc, OidcSettings } from './oidc.settings.js';
import { allowLoopback, isTrial, OutboundSettings } from './outbound.settings.js';
import { ProbesSettings } from './probes.settings.js';
import { QuotasSettings } from './quotas.settings.js';
import { RateLimitSettings } from './rate-limit.settings.js';
import { RedisSettings } from './redis.settings.js';
import { checkOperations, OperationsSettings } from './operations.settings.js';
import { checkArgon2Memory, KEY_PAIR_ALGORITHMS, SecuritySettings } from './security.settings.js';
import { RegistrySettings } from './registry.settings.js';
import { type Environment, readSection, type SettingFault, listVariables } from './setting.js';
import { checkTracing, TracingSettings } from './tracing.settings.js';

/** All settings, one object per section. */
export interface Settings {
  app: AppSettings;
  database: DatabaseSettings;
  security: SecuritySettings;
  oidc: OidcSettings;
  edge: EdgeSettings;
  operations: OperationsSettings;
  rateLimit: RateLimitSettings;
  quotas: QuotasSettings;
  redis: RedisSettings;
  aiBridge: AiBridgeSettings;
  registry: RegistrySettings;
  catalogue: CatalogueSettings;
  channel: ChannelSettings;
  outbound: OutboundSettings;
  commands: CommandsSettings;
  probes: ProbesSettings;
  logging: LoggingSettings;
  tracing: TracingSettings;
  /** Warnings about the settings, for the log. */
  warnings: string[];
}

const SECTIONS = [
  AppSettings,
  DatabaseSettings,
  SecuritySettings,
  OidcSettings,
  EdgeSettings,
  OperationsSettings,
  RateLimitSettings,
  QuotasSettings,
  RedisSettings,
  AiBridgeSettings,
  RegistrySettings,
  CatalogueSettings,
  ChannelSettings,
  OutboundSettings,
  CommandsSettings,
  ProbesSettings,
  LoggingSettings,
  TracingSettings,
];

/** Names of all variables that the service reads. */
export const SETTING_VARIABLES: readonly string[] = SECTIONS.flatMap((section) => listVariables(section));

/** One or more settings are wrong; the message lists them all and never repeats a value, which may be a secret. */
export class SettingsError extends Error {
  constructor(readonly faults: readonly SettingFault[]) {
    const lines = faults.map(({ variable, problem, example }) => `  ${variable} ${problem} (example: ${example})`);
    super(`Cannot start, ${faults.length} setting(s) are wrong:\n${lines.join('\n')}`);
    this.name = 'SettingsError';
  }
}

/**
 * Parses the settings once, at boot. The environment wins over the `.env` file.
 * @throws SettingsError with every fault of every section.
 */
export function loadSettings(environment: Environment = process.env, file = '.env'): Settings {
  const env = { ...readEnvFile(file), ...environment };
  const faults: SettingFault[] = [];
  const app = readSection(AppSettings, env, faults);
  const database = readSection(DatabaseSettings, env, faults);
  const security = readSection(SecuritySettings, env, faults);
  const oidc = readSection(OidcSettings, env, faults);
  const edge = readSection(EdgeSettings, env, faults);
  const operations = readSection(OperationsSettings, env, faults);
  const rateLimit = readSection(RateLimitSettings, env, faults);
  const quotas = readSection(QuotasSettings, env, faults);
  const redis = readSection(RedisSettings, env, faults);
  const aiBridge = readSection(AiBridgeSettings, env, faults);
  const registry = readSection(RegistrySettings, env, faults);
  const catalogue = readSection(CatalogueSettings, env, faults);
  const channel = readSection(ChannelSettings, env, faults);
  const outbound = readSection(OutboundSettings, env, faults);
  const commands = readSection(CommandsSettings, env, faults);
  const probes = readSection(ProbesSettings, env, faults);
  const logging = readSection(LoggingSettings, env, faults);
  const tracing = readSection(TracingSettings, env, faults);
  app.dataDir = resolve(app.dataDir);
  app.publicUrl = app.publicUrl?.replace(/\/+$/, '');
  if (app.debug && env.LOG_LEVEL === undefined) logging.level = 'debug';
  if ((KEY_PAIR_ALGORITHMS as readonly string[]).includes(security.algorithm) && !security.privateKeyFile) {
    faults.push({
      variable: 'SECURITY_PRIVATE_KEY_FILE',
      problem: `is needed for ${security.algorithm}`,
      example: '/etc/ooder-skill/jwt-key.pem',
    });
  }
  if (env.OUTBOUND_ALLOWED_CIDRS === undefined) allowLoopback(outbound, app, database);
  if (env.AI_BRIDGE_REGISTRY_URL === undefined) aiBridge.isOffByDefault = isTrial(app, database);
  checkUpstream(aiBridge, faults);
  checkOidc(oidc, [security.jwtIssuer ?? app.name, app.publicUrl], faults);
  checkEdge(edge, faults);
  checkOperations(operations, app, faults);
  checkChannel(channel, faults);
  checkTracing(tracing, faults);
  checkPreviousSecrets(security, faults);
  checkArgon2Memory(app, security, faults);
  const warnings = [...findMisspelled(env, SETTING_VARIABLES), ...resolveJwtSecret(app, security, faults)];
  resolveEncryptionKey(app, security, faults);
  resolveCallerKey(app, security, faults);
  resolveCallbackSecret(app, commands, faults);
  if (faults.length > 0) throw new SettingsError(faults);
  return {
    app,
    database,
    security,
    oidc,
    edge,
    operations,
    rateLimit,
    quotas,
    redis,
    aiBridge,
    registry,
    catalogue,
    channel,
    outbound,
    commands,
    probes,
    logging,
    tracing,
    warnings,
  };
}

/** Loads the settings of the database commands, which run without the secrets of the service. @throws SettingsError */
export function loadDatabaseSettings(
  environment: Environment = process.env,
  file = '.env',
): Pick<Settings, 'app' | 'database' | 'logging'> {
  const env = { ...readEnvFile(file), ...environment };
  const faults: SettingFault[] = [];
  const app = readSection(AppSettings, env, faults);
  const database = readSection(DatabaseSettings, env, faults);
  const logging = readSection(LoggingSettings, env, faults);
  app.dataDir = resolve(app.dataDir);
  if (faults.length > 0) throw new SettingsError(faults);
  return { app, database, logging };
}

/** Loads the settings for the rotation of secrets. @throws SettingsError, also if there is no encryption key */
export function loadSecretsSettings(
  environment: Environment = process.env,
  file = '.env',
): Pick<Settings, 'app' | 'database' | 'logging' | 'security'> {
  const settings = loadDatabaseSettings(environment, file);
  const faults: SettingFault[] = [];
  const security = readSection(SecuritySettings, { ...readEnvFile(file), ...environment }, faults);
  resolveEncryptionKey(settings.app, security, faults);
  if (faults.length === 0 && security.encryptionKey === undefined) {
    faults.push({
      variable: 'SECURITY_ENCRYPTION_KEY',
      problem: 'is not set',
      example: 'the output of: openssl rand -base64 32',
    });
  }
  if (faults.length > 0) throw new SettingsError(faults);
  return { ...settings, security };
}

/** Loads the settings of an import, which needs the id of the admin client and Redis, but no secrets. @throws SettingsError */
export function loadTransferSettings(
  environment: Environment = process.env,
  file = '.env',
): Pick<Settings, 'app' | 'database' | 'logging' | 'security' | 'redis'> {
  const settings = loadDatabaseSettings(environment, file);
  const env = { ...readEnvFile(file), ...environment };
  const faults: SettingFault[] = [];
  const security = readSection(SecuritySettings, env, faults);
  const redis = readSection(RedisSettings, env, faults);
  if (faults.length > 0) throw new SettingsError(faults);
  return { ...settings, security, redis };
}

function readEnvFile(file: string): Environment {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
}
