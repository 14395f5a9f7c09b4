import { registerAs } from '@nestjs/config';
import { IsInt, Matches, Max, Min } from 'class-validator';
import { IsParsableUrl } from './parsable-url.js';
import { Setting } from './setting.js';

/** Redis (deployment guide 4.4). */
export class RedisSettings {
  /** If unset, the cache is in the process, which allows only one replica. */
  @Setting('REDIS_URL', { example: 'redis://localhost:6379/0' })
  @Matches(/^rediss?:\/\/[^/\s]+(\/\d+)?\/?$/, { message: 'must be redis://user:password@host:port/number' })
  @IsParsableUrl()
  url?: string;

  /** Upper limit. Commands share one connection, so far fewer are open. */
  @Setting('REDIS_MAX_CONNECTIONS', { example: '50' })
  @IsInt({ message: 'must be a whole number' })
  @Min(2, { message: 'must not be under 2' })
  @Max(10_000, { message: 'must not be over 10000' })
  maxConnections: number = 50;
}

export const redisSettings = registerAs('redis', () => new RedisSettings());
