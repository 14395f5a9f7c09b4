import { API_PREFIX } from './app.routes.js';

interface Group {
  name: string;
  description: string;
  /** Its paths in the order of first use, below `/api/v1` unless they start with a slash. What removes something is last. */
  paths: readonly string[];
}

/** The groups of Swagger UI in the order of first use (docs/adr/0055). */
export const GROUPS: readonly Group[] = [
  {
    name: 'auth',
    description: 'Tokens. Start here: press Authorize, or ask for a token',
    paths: [
      'auth/token',
      'auth/me',
      'auth/introspect',
      '/.well-known/oauth-authorization-server',
      '/.well-known/jwks.json',
      'auth/revoke',
    ],
  },
  {
    name: 'registry',
    description: 'Skills in the protocol style: register, discover, keep alive, leave',
    paths: [
      'skills/register',
      'skills/batch',
      'skills/discover',
      'skills/{skill_id}/heartbeat',
      'heartbeats',
      'skills/{skill_id}/status',
      'skills/{skill_id}/check',
      'skills/{skill_id}/drain',
      'skills/{skill_id}/unregister',
    ],
  },
  {
    name: 'commands',
    description: 'Calls of Skills and their results',
    paths: [
      'commands/execute',
      'commands/batch',
      'commands/executions',
      'commands/executions/{execution_id}',
      'commands/executions/{execution_id}/cancel',
      'commands/executions/{execution_id}/callback',
    ],
  },
  {
    name: 'channels',
    description: 'Conversations with a capability, and their context',
    paths: [
      'channels/create',
      'channels',
      'channels/{channel_id}',
      'channels/{channel_id}/context',
      'channels/{channel_id}/close',
    ],
  },
  {
    name: 'skills',
    description: 'Skills in the resource style: create, list, read, change, delete',
    paths: ['skills', 'skills/{skill_id}'],
  },
  {
    name: 'capabilities',
    description: 'What Skills can do',
    paths: ['capabilities', 'capabilities/{capability_id}/status'],
  },
  {
    name: 'names',
    description: 'Owners of the names of Skills',
    paths: ['names/{name}/shared-with', 'names/{name}/transfer', 'names/{name}'],
  },
  {
    name: 'clients',
    description: 'Clients and their API keys, for admins',
    paths: [
      'auth/clients',
      'auth/clients/{client_id}/rotate-secret',
      'auth/clients/{client_id}/api-keys',
      'auth/clients/{client_id}/api-keys/{key_id}/rotate',
      'auth/clients/{client_id}/api-keys/{key_id}',
      'auth/clients/{client_id}',
    ],
  },
  { name: 'audit', description: 'Who changed what, and what was refused', paths: ['audit'] },
  { name: 'operations', description: 'Probes and metrics', paths: ['/health', '/readyz', '/livez', '/metrics'] },
];

const RANKS = new Map(
  GROUPS.flatMap(({ paths }) => paths)
    .map((path) => (path.startsWith('/') ? path : `/${API_PREFIX}/${path}`))
    .map((path, rank) => [path, rank]),
);

/** Returns the paths in the order of `GROUPS`. @throws Error for a path that is in no group */
export function orderPaths<T>(paths: Record<string, T>): Record<string, T> {
  const rank = (path: string): number => {
    const found = RANKS.get(path);
    if (found === undefined) throw new Error(`${path} is in no group of openapi-groups.ts`);
    return found;
  };
  return Object.fromEntries(Object.entries(paths).toSorted(([one], [other]) => rank(one) - rank(other)));
}
