import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { Setting } from './setting.js';

/** Requests per minute and client, by class; 0 turns a class off (protocol.md section 11). */
export class RateLimitSettings {
  /** GET and HEAD; callers without a token count by their address. */
  @Setting('RATE_LIMIT_READS', { example: '60000' })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(1_000_000_000, { message: 'must not be over 1000000000' })
  reads: number = 60_000;

  /** Everything else; heartbeats and calls of Skills are writes. */
  @Setting('RATE_LIMIT_WRITES', { example: '12000' })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(1_000_000_000, { message: 'must not be over 1000000000' })
  writes: number = 12_000;

  /** Requests to the endpoints that take a client's secret: per client, and per address. 0 also allows guessing without pauses. */
  @Setting('RATE_LIMIT_TOKEN', { example: '60' })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(1_000_000_000, { message: 'must not be over 1000000000' })
  token: number = 60;
}

export const rateLimitSettings = registerAs('rateLimit', () => new RateLimitSettings());
