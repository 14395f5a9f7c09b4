import { Module } from '@nestjs/common';
import { CacheMonitor } from './cache-monitor.js';
import { CacheProvider } from './cache.provider.js';
import { RedisConnection } from './redis.connection.js';

/** Needs the settings of `SettingsModule`. */
@Module({ providers: [RedisConnection, CacheProvider, CacheMonitor], exports: [RedisConnection, CacheProvider] })
export class CacheModule {}
