import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { Setting } from './setting.js';

const MOST = 1_000_000_000;

const Quota =
  (variable: string, example: string): PropertyDecorator =>
  (target, name) => {
    Setting(variable, { example })(target, name);
    IsInt({ message: 'must be a whole number' })(target, name);
    Min(0, { message: 'must not be under 0' })(target, name);
    Max(MOST, { message: `must not be over ${MOST}` })(target, name);
  };

/** The most that one client, or one Space, may have at a time. 0: no limit. */
export class QuotasSettings {
  /** Skills of one client. */
  @Quota('QUOTA_SKILLS', '500000')
  skills: number = 500_000;

  /** Endpoints of all Skills of one client. */
  @Quota('QUOTA_ENDPOINTS', '2000000')
  endpoints: number = 2_000_000;

  /** Capabilities of all Skills of one client. */
  @Quota('QUOTA_CAPABILITIES', '2000000')
  capabilities: number = 2_000_000;

  /** Open channels of one client. */
  @Quota('QUOTA_CHANNELS', '100000')
  channels: number = 100_000;

  /** Unfinished asynchronous calls of one client. */
  @Quota('QUOTA_PENDING_EXECUTIONS', '100000')
  pendingExecutions: number = 100_000;

  /** Entries in the history of one client's Skills. Older ones are deleted; nothing is refused. */
  @Quota('QUOTA_EVENTS', '5000000')
  events: number = 5_000_000;

  /** Skills in one Space, of all clients. */
  @Quota('QUOTA_SPACE_SKILLS', '0')
  spaceSkills: number = 0;

  /** Endpoints of all Skills of one Space. */
  @Quota('QUOTA_SPACE_ENDPOINTS', '0')
  spaceEndpoints: number = 0;

  /** Capabilities of all Skills of one Space. */
  @Quota('QUOTA_SPACE_CAPABILITIES', '0')
  spaceCapabilities: number = 0;

  /** Open channels to Skills of one Space. */
  @Quota('QUOTA_SPACE_CHANNELS', '0')
  spaceChannels: number = 0;

  /** Unfinished asynchronous calls of Skills of one Space. */
  @Quota('QUOTA_SPACE_PENDING_EXECUTIONS', '0')
  spacePendingExecutions: number = 0;
}

export const quotasSettings = registerAs('quotas', () => new QuotasSettings());
