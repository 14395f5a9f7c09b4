/** What acts in the audit log without being a client, and what could be taken for it. */
export const RESERVED_CLIENT_IDS = [
  'anonymous',
  'channel-expiry',
  'export',
  'import',
  'local',
  'nobody',
  'oidc',
  'prober',
  'registry',
  'retention',
  'scheduler',
  'service',
  'settings',
  'sweeper',
  'system',
  'unknown',
  'upstream',
] as const;
export type ReservedClientId = (typeof RESERVED_CLIENT_IDS)[number];

const RESERVED: ReadonlySet<string> = new Set(RESERVED_CLIENT_IDS);

/** Whether no client may be called so, in any case of letters; one that is called so from before goes on. */
export function isReservedClientId(clientId: string): boolean {
  return RESERVED.has(clientId.toLowerCase()) || /^oidc:/i.test(clientId);
}
