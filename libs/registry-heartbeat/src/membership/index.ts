import type { Provider } from '@nestjs/common';
import { LocalSkillsRepository } from './local-skills.repository.js';
import { MembershipMetrics } from './membership.metrics.js';
import { MembershipMonitor } from './membership.monitor.js';
import { MembershipService } from './membership.service.js';

/** This service as a member of an upstream registry. */
export const MEMBERSHIP_PROVIDERS: Provider[] = [
  LocalSkillsRepository,
  MembershipMetrics,
  MembershipService,
  MembershipMonitor,
];
