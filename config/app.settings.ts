import { registerAs } from '@nestjs/config';
import { IsBoolean, IsIn, IsInt, Length, Matches, Max, Min } from 'class-validator';
import { IsParsableUrl } from './parsable-url.js';
import { Setting } from './setting.js';

/** The service itself (deployment guide 4.1). */
export class AppSettings {
  @Setting('APP_NAME', { example: 'ooder-skill' })
  @Length(1, 255, { message: 'must have 1 to 255 characters' })
  name: string = 'ooder-skill';

  @Setting('APP_VERSION', { example: '0.6.0' })
  @Matches(/^\d+\.\d+\.\d+$/, { message: 'must be a version MAJOR.MINOR.PATCH' })
  version: string = '0.6.0';

  @Setting('APP_HOST', { example: '0.0.0.0' })
  @Matches(/^[A-Za-z0-9.:_-]+$/, { message: 'must be a host name or an IP address' })
  host: string = '0.0.0.0';

  /** 0 lets the system choose a free port. */
  @Setting('APP_PORT', { example: '8000' })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(65_535, { message: 'must not be over 65535' })
  port: number = 8000;

  /** URL of this service for others, without a slash at its end. Default: the host name and the port. */
  @Setting('APP_PUBLIC_URL', { example: 'https://registry.example.com' })
  @Matches(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, {
    message: 'must be an http or https URL without query and credentials',
  })
  @IsParsableUrl()
  publicUrl?: string;

  @Setting('APP_DEBUG', { example: 'false' })
  @IsBoolean({ message: 'must be true or false' })
  debug: boolean = false;

  /** Folder of the embedded database, generated secrets and other state. */
  @Setting('DATA_DIR', { example: '.data' })
  @Length(1, 4096, { message: 'must be a path' })
  dataDir: string = '.data';

  /** Seconds that requests in flight get to finish at shutdown. */
  @Setting('APP_SHUTDOWN_TIMEOUT', { example: '10' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(300, { message: 'must not be over 300' })
  shutdownTimeout: number = 10;

  /** Seconds at shutdown in which /readyz fails but requests are still served, so that load balancers notice. */
  @Setting('APP_DRAIN_DELAY', { example: '0' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(300, { message: 'must not be over 300' })
  drainDelay: number = 0;

  /** Seconds in which a request must arrive completely, its headers within 10. The connection of a slower sender is closed. */
  @Setting('APP_REQUEST_TIMEOUT', { example: '30' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(3600, { message: 'must not be over 3600' })
  requestTimeout: number = 30;

  /** Concurrent connections, including idle ones. Further connections are closed at once. */
  @Setting('APP_MAX_CONNECTIONS', { example: '5000' })
  @IsInt({ message: 'must be a whole number' })
  @Min(10, { message: 'must not be under 10' })
  @Max(1_000_000, { message: 'must not be over 1000000' })
  maxConnections: number = 5000;

  @Setting('NODE_ENV', { example: 'production' })
  @IsIn(['development', 'test', 'production'], { message: 'must be development, test or production' })
  environment: string = 'development';

  get isProduction(): boolean {
    return this.environment === 'production';
  }
}

export const appSettings = registerAs('app', () => new AppSettings());
