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

  /** If unset, the log goes only to standard output. SIGHUP reopens the file, so logrotate needs no restart. */
  @Setting('LOG_FILE', { example: '/var/log/ooder-skill/app.log' })
  @Length(1, 4096, { message: 'must be a path' })
  file?: string;

  /** Only errors, which are kept for 30 days; requests are kept for 7 (protocol.md section 8). SIGHUP reopens it too. */
  @Setting('LOG_ERROR_FILE', { example: '/var/log/ooder-skill/error.log' })
  @Length(1, 4096, { message: 'must be a path' })
  errorFile?: string;
}

export const loggingSettings = registerAs('logging', () => new LoggingSettings());
