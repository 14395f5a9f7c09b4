export { AiBridgeSettings, aiBridgeSettings } from './ai-bridge.settings.js';
export { AppSettings, appSettings } from './app.settings.js';
export { keepSecret } from './data-folder.js';
export { DatabaseSettings, databaseSettings } from './database.settings.js';
export { LoggingSettings, loggingSettings, type LogLevel } from './logging.settings.js';
export { isNpmStart } from './npm-start.js';
export { RegistrySettings, registrySettings } from './registry.settings.js';
export { RedisSettings, redisSettings } from './redis.settings.js';
export {
  HMAC_ALGORITHMS,
  type HmacAlgorithm,
  KEY_PAIR_ALGORITHMS,
  type KeyPairAlgorithm,
  SecuritySettings,
  securitySettings,
  type SigningAlgorithm,
} from './security.settings.js';
export { SettingsModule } from './settings.module.js';
export { loadDatabaseSettings, loadSettings, SETTING_VARIABLES, type Settings, SettingsError } from './settings.js';
