import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { Setting } from './setting.js';

const whole = (unit: string): { message: string } => ({ message: `must be a whole number of ${unit}` });

/** Health checks of endpoints (docs/probes.md). */
export class ProbesSettings {
  /** Seconds between two probes of an endpoint without a lease; 0: probes are off. */
  @Setting('PROBE_INTERVAL', { example: '30' })
  @IsInt(whole('seconds'))
  @Min(0, { message: 'must not be under 0' })
  @Max(86_400, { message: 'must not be over 86400' })
  interval: number = 30;

  /** Time-out of a probe in milliseconds. */
  @Setting('PROBE_TIMEOUT', { example: '3000' })
  @IsInt(whole('milliseconds'))
  @Min(50, { message: 'must not be under 50' })
  @Max(60_000, { message: 'must not be over 60000' })
  timeout: number = 3_000;

  /** The least seconds between two probes of an endpoint that sets its own interval. */
  @Setting('PROBE_MIN_INTERVAL', { example: '5' })
  @IsInt(whole('seconds'))
  @Min(1, { message: 'must not be under 1' })
  @Max(86_400, { message: 'must not be over 86400' })
  minInterval: number = 5;

  /** The longest time-out in milliseconds that an endpoint can set for its own probes; PROBE_TIMEOUT, if that is longer. */
  @Setting('PROBE_MAX_TIMEOUT', { example: '10000' })
  @IsInt(whole('milliseconds'))
  @Min(50, { message: 'must not be under 50' })
  @Max(60_000, { message: 'must not be over 60000' })
  maxTimeout: number = 10_000;

  /** Consecutive failures until the endpoint is unhealthy; after the first it is in warning. */
  @Setting('PROBE_FAILURES', { example: '3' })
  @IsInt(whole('probes'))
  @Min(1, { message: 'must not be under 1' })
  @Max(100, { message: 'must not be over 100' })
  failures: number = 3;

  /** Consecutive successes until the endpoint is healthy again. */
  @Setting('PROBE_SUCCESSES', { example: '2' })
  @IsInt(whole('probes'))
  @Min(1, { message: 'must not be under 1' })
  @Max(100, { message: 'must not be over 100' })
  successes: number = 2;

  /** Concurrent probes of each replica. */
  @Setting('PROBE_CONCURRENCY', { example: '32' })
  @IsInt(whole('probes'))
  @Min(1, { message: 'must not be under 1' })
  @Max(1_024, { message: 'must not be over 1024' })
  concurrency: number = 32;

  /** Probes of one host (all its names, ports and paths) that each replica starts per second. 0: no limit. */
  @Setting('PROBE_HOST_RATE', { example: '50' })
  @IsInt(whole('probes'))
  @Min(0, { message: 'must not be under 0' })
  @Max(100_000, { message: 'must not be over 100000' })
  hostRate: number = 50;
}

export const probesSettings = registerAs('probes', () => new ProbesSettings());
