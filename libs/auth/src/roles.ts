/** Roles and what each may do (protocol.md section 9). */
export const PERMISSIONS = [
  'skill:read',
  'skill:register',
  'skill:manage',
  'skill:unregister',
  'command:execute',
  'channel:create',
  'audit:read',
  'client:manage',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What a caller with the permission may do, for readers of the OpenAPI document. */
export const PERMISSION_TEXTS: Readonly<Record<Permission, string>> = {
  'skill:read': 'Find and read Skills, capabilities and names',
  'skill:register': 'Register Skills and send their heartbeats',
  'skill:manage': 'Change, check and delete Skills; publishers only their own',
  'skill:unregister': 'Drain and unregister Skills; publishers only their own',
  'command:execute': 'Call Skills and read the outcomes',
  'channel:create': 'Open and use channels',
  'audit:read': 'Read the audit log',
  'client:manage': 'Manage clients, their API keys, and the owners of names',
};

export const ROLES = ['admin', 'operator', 'publisher', 'agent', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  admin: PERMISSIONS,
  operator: ['skill:read', 'skill:manage', 'skill:unregister', 'command:execute', 'audit:read'],
  // manage and unregister reach only the Skills that the publisher owns: see Caller.mayChange.
  publisher: ['skill:read', 'skill:register', 'skill:manage', 'skill:unregister'],
  agent: ['skill:read', 'command:execute', 'channel:create'],
  viewer: ['skill:read'],
};

export function listPermissions(role: Role): readonly Permission[] {
  return ROLE_PERMISSIONS[role];
}

/** Roles whose permissions to manage and unregister reach Skills of other owners. */
const UNBOUND_ROLES: ReadonlySet<Role> = new Set(['admin', 'operator']);

export function isBoundToOwnSkills(role: Role): boolean {
  return !UNBOUND_ROLES.has(role);
}

export function isRole(value: unknown): value is Role {
  return (ROLES as readonly unknown[]).includes(value);
}
