import { createRequire } from 'node:module';
import type * as CacheManagerRedisYet from 'cache-manager-redis-yet';
import type * as Redis from 'redis';

const load = createRequire(import.meta.url);

// An eighth of all files that the service consists of: loaded when there is a REDIS_URL, and not before.
export const redisLibrary = (): typeof Redis => load('redis') as typeof Redis;
export const redisStoreLibrary = (): typeof CacheManagerRedisYet =>
  load('cache-manager-redis-yet') as typeof CacheManagerRedisYet;
