/** Names of actors in the audit log that are not clients, and names that could be confused with them. */
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

/** Whether a new client must not have this id, in upper or lower case. Existing clients keep theirs. */
export function isReservedClientId(clientId: string): boolean {
  return RESERVED.has(clientId.toLowerCase()) || /^oidc:/i.test(clientId);
}
