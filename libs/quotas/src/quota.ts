import { ApiError } from '#common';
import type { QuotasSettings } from '#config';

/** What is counted, by its name in answers and metrics. */
export const QUOTAS = {
  skills: { setting: 'skills', of: 'client' },
  endpoints: { setting: 'endpoints', of: 'client' },
  capabilities: { setting: 'capabilities', of: 'client' },
  channels: { setting: 'channels', of: 'client' },
  pending_executions: { setting: 'pendingExecutions', of: 'client' },
  events: { setting: 'events', of: 'client' },
  space_skills: { setting: 'spaceSkills', of: 'space' },
  space_endpoints: { setting: 'spaceEndpoints', of: 'space' },
  space_capabilities: { setting: 'spaceCapabilities', of: 'space' },
  space_channels: { setting: 'spaceChannels', of: 'space' },
  space_pending_executions: { setting: 'spacePendingExecutions', of: 'space' },
} as const satisfies Record<string, { setting: keyof QuotasSettings; of: 'client' | 'space' }>;

export type QuotaName = keyof typeof QUOTAS;
export const QUOTA_NAMES = Object.keys(QUOTAS) as QuotaName[];

/** How much a write is about to add to a quota. */
export interface Demand {
  quota: QuotaName;
  /** The id of the client or of the Space. */
  subject: string;
  amount: number;
}

/** How much an item really adds. */
export interface Growth {
  demands: readonly Demand[];
  /** Called if there is room for the item, before the next item is checked. */
  taken?: () => void;
}

/** 1009: a client, or a Space, has reached its quota. Waiting does not help, so there is no `Retry-After`. */
export class QuotaExceededError extends ApiError {
  constructor(
    readonly quota: QuotaName,
    limit: number,
    used: number,
  ) {
    const reason = `${quota} of one ${QUOTAS[quota].of} are limited to ${limit}, and ${used} are there`;
    super(1009, 'The quota is used up', [{ field: 'quota', reason }]);
  }
}

/** The key of the count of a quota for one client or Space. */
export function toKey({ quota, subject }: Pick<Demand, 'quota' | 'subject'>): string {
  return `${quota}:${subject}`;
}
