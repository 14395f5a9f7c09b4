import { registerAs } from '@nestjs/config';
import { IsBoolean, IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import type { AppSettings } from './app.settings.js';
import { Setting, type SettingFault } from './setting.js';

export const SKILL_NAMES_IN_METRICS = ['open', 'all', 'none'] as const;
export type SkillNamesInMetrics = (typeof SKILL_NAMES_IN_METRICS)[number];

/** Routes for operators and monitoring: metrics, Swagger UI, the OpenAPI document. */
export class OperationsSettings {
  /** Separate port for these routes and the probes; the main port then has only the probes. 0: a free port. Unset: none. */
  @Setting('ADMIN_PORT', { example: '9000' })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(65_535, { message: 'must not be over 65535' })
  adminPort?: number;

  /** Address of that port. Default: only this machine. */
  @Setting('ADMIN_HOST', { example: '0.0.0.0' })
  @Matches(/^[A-Za-z0-9.:_-]+$/, { message: 'must be a host name or an IP address' })
  adminHost: string = '127.0.0.1';

  /** Whether these routes need a token or API key with the permission audit:read, of a client not limited to Spaces. */
  @Setting('ADMIN_TOKEN_REQUIRED', { example: 'true' })
  @IsBoolean({ message: 'must be true or false' })
  isTokenRequired: boolean = false;

  /** Which Skill names metrics contain: of Skills in no Space, of all, or of none. */
  @Setting('METRICS_SKILL_NAMES', { example: 'open' })
  @IsIn(SKILL_NAMES_IN_METRICS, { message: 'must be open, all or none' })
  skillNames: SkillNamesInMetrics = 'open';
}

export const operationsSettings = registerAs('operations', () => new OperationsSettings());

/** Faults of combined settings. */
export function checkOperations(
  { adminPort }: OperationsSettings,
  { port }: AppSettings,
  faults: SettingFault[],
): void {
  if (adminPort === undefined || adminPort === 0 || adminPort !== port) return;
  faults.push({ variable: 'ADMIN_PORT', problem: 'must be another port than APP_PORT', example: '9000' });
}
