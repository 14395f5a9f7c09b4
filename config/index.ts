export { AiBridgeSettings, aiBridgeSettings } from './ai-bridge.settings.js';
export { AppSettings, appSettings } from './app.settings.js';
export { type CallerKey, callerKeyOf } from './caller-key.js';
export { CatalogueSettings, catalogueSettings } from './catalogue.settings.js';
export { ChannelSettings, channelSettings } from './channel.settings.js';
export { CommandsSettings, commandsSettings } from './commands.settings.js';
export { keepSecret } from './data-folder.js';
export { DatabaseSettings, databaseSettings } from './database.settings.js';
export { EdgeSettings, edgeSettings } from './edge.settings.js';
export { encryptionKeyOf } from './encryption-key.js';
export { LoggingSettings, loggingSettings, type LogLevel } from './logging.settings.js';
export { isNpmStart } from './npm-start.js';
export { OidcSettings, oidcSettings } from './oidc.settings.js';
export { OperationsSettings, operationsSettings } from './operations.settings.js';
export { OutboundSettings, outboundSettings } from './outbound.settings.js';
export { ProbesSettings, probesSettings } from './probes.settings.js';
export { findPublicUrl } from './public-url.js';
export { QuotasSettings, quotasSettings } from './quotas.settings.js';
export { RateLimitSettings, rateLimitSettings } from './rate-limit.settings.js';
export { RegistrySettings, registrySettings } from './registry.settings.js';
export { RedisSettings, redisSettings } from './redis.settings.js';
export {
  HMAC_ALGORITHMS,
  type HmacAlgorithm,
  KEY_PAIR_ALGORITHMS,
  type KeyPairAlgorithm,
  MAX_JWT_EXPIRY,
  SecuritySettings,
  securitySettings,
  type SigningAlgorithm,
} from './security.settings.js';
export { isReservedClientId, RESERVED_CLIENT_IDS, type ReservedClientId } from './reserved-client-ids.js';
export { SettingsModule } from './settings.module.js';
export {
  loadDatabaseSettings,
  loadSecretsSettings,
  loadSettings,
  loadTransferSettings,
  SETTING_VARIABLES,
  type Settings,
  SettingsError,
} from './settings.js';
export {
  type OtlpProtocol,
  parsePairs,
  type TraceSampler,
  TracingSettings,
  tracingSettings,
} from './tracing.settings.js';
