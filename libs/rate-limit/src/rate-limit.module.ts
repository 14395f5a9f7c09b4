import { Module } from '@nestjs/common';
import { AuthModule } from '#auth';
import { CacheModule } from '#cache';
import { MetricsModule } from '#metrics';
import { RateLimiter } from './rate-limiter.js';

/** Limits the requests of one client. */
@Module({ imports: [AuthModule, CacheModule, MetricsModule], providers: [RateLimiter], exports: [RateLimiter] })
export class RateLimitModule {}
