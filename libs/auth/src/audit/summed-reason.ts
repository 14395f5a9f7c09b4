import type { AuditReason } from './audit-entry.entity.js';

/** Reasons of refusals that stand for several requests, where there is no other reason. */
const REPEATED = 'repeated';

/**
 * What stands in the column `reason`: the reason, and behind a colon for how many requests. Not in a column of its own:
 * a release that does not know it would leave it out of the hash of a block, during an upgrade (docs/adr/0010).
 */
export function summedReason(reason: AuditReason | undefined, requests = 1): string | undefined {
  return requests === 1 ? reason : `${reason ?? REPEATED}:${requests}`;
}

/** What such a text says. */
export function reasonIn(text: string | null): { reason: AuditReason | null; requests: number } {
  const [reason = '', requests = '1'] = text?.split(':') ?? [];
  return { reason: reason === '' ? null : (reason as AuditReason), requests: Number(requests) };
}
