import type { AuditReason } from './audit-entry.entity.js';

/** The reason of an entry for several requests that has no other reason. */
const REPEATED = 'repeated';

/**
 * The value of the column `reason`: the reason, a colon, and the number of requests. The number has no column of its own,
 * because an older release would leave that column out of the hash of a block during an upgrade (docs/adr/0010).
 */
export function summedReason(reason: AuditReason | undefined, requests = 1): string | undefined {
  return requests === 1 ? reason : `${reason ?? REPEATED}:${requests}`;
}

/** Reads the value of the column `reason`. */
export function reasonIn(text: string | null): { reason: AuditReason | null; requests: number } {
  const [reason = '', requests = '1'] = text?.split(':') ?? [];
  return { reason: reason === '' ? null : (reason as AuditReason), requests: Number(requests) };
}
