export { type CacheKey, defineCacheKey, type Serializable } from './cache-key.js';
export { CacheModule } from './cache.module.js';
export { CacheProvider, type CacheStats } from './cache.provider.js';
export { RedisConnection } from './redis.connection.js';
export { RedisSubscriber } from './redis-subscriber.js';
export { RedisScript } from './redis-script.js';
export { RedisUnavailableError } from './redis-unavailable.error.js';
