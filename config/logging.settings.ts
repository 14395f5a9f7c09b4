import { registerAs } from '@nestjs/config';
import { IsIn, Length } from 'class-validator';
import { Setting } from './setting.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Logs (deployment guide 5.4 and 6.1). */
export class LoggingSettings {
  @Setting('LOG_LEVEL', { example: 'info' })
  @IsIn(LOG_LEVELS, { message: `must be one of ${LOG_LEVELS.join(', ')}` })
  level: LogLevel = 'info';

  /** Unset: standard output only. A file is opened again on SIGHUP, so that logrotate needs no restart. */
  @Setting('LOG_FILE', { example: '/var/log/ooder-skill/app.log' })
  @Length(1, 4096, { message: 'must be a path' })
  file?: string;

  /** Errors alone, which are kept for 30 days, and requests for 7 (protocol.md section 8). Opened again, too. */
  @Setting('LOG_ERROR_FILE', { example: '/var/log/ooder-skill/error.log' })
  @Length(1, 4096, { message: 'must be a path' })
  errorFile?: string;
}

export const loggingSettings = registerAs('logging', () => new LoggingSettings());
