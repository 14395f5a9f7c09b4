import type { Role } from '#auth';
import { ROLES } from '#auth';
import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import type { Api } from './api.js';

/** What a call is made on: the Skill, the channel and the execution of somebody else, and a client that has a key. */
export interface Subject {
  skill: string;
  capability: string;
  channel: string;
  client: string;
  key: string;
  execution: string;
}

export interface RoleCall {
  route: string;
  /** Of protocol.md section 9, on what belongs to somebody else. */
  roles: readonly Role[];
  /** Those who may do it, to what is theirs: this is as if it were not there. */
  blind?: readonly Role[];
  call: (api: Api, subject: Subject) => Promise<Response>;
}

const EVERYBODY = ROLES;
const READERS = ['admin', 'operator', 'publisher', 'agent', 'viewer'] as const;
const REGISTRARS = ['admin', 'publisher'] as const;
/** A publisher manages and unregisters its own Skills only; so it beats. */
const MANAGERS = ['admin', 'operator'] as const;
const ADMINS = ['admin'] as const;
const AGENTS = ['agent'] as const;
const CALLERS = ['admin', 'operator', 'agent'] as const;

let calls = 0;
export const command = ({ skill, capability }: Pick<Subject, 'skill' | 'capability'>) => ({
  command_id: `call-${(calls += 1)}`,
  skill_id: skill,
  capability_id: capability,
  parameters: { city: 'Berlin' },
});

/** Of the name that a Skill has. */
async function namePath(api: Api, skill: string): Promise<string> {
  const { body } = await api.get(`/skills/${skill}`);
  return `/names/${encodeURIComponent((body as { name: string }).name)}`;
}

export const CALLS: RoleCall[] = [
  { route: 'GET /skills', roles: READERS, call: (api) => api.get('/skills').then() },
  { route: 'GET /skills/:skill_id', roles: READERS, call: (api, { skill }) => api.get(`/skills/${skill}`).then() },
  { route: 'GET /skills/discover', roles: READERS, call: (api) => api.get('/skills/discover').then() },
  {
    route: 'GET /skills/discover',
    roles: READERS,
    call: (api) => api.get('/skills/discover?explain=true').then(),
  },
  {
    route: 'GET /skills/:skill_id/status',
    roles: READERS,
    call: (api, { skill }) => api.get(`/skills/${skill}/status`).then(),
  },
  { route: 'GET /capabilities', roles: READERS, call: (api) => api.get('/capabilities').then() },
  { route: 'POST /skills', roles: REGISTRARS, call: (api) => api.post('/skills', skillBody()).then() },
  {
    route: 'POST /skills/register',
    roles: REGISTRARS,
    call: (api) => api.post('/skills/register', skillBody()).then(),
  },
  {
    route: 'POST /skills/batch',
    roles: REGISTRARS,
    call: (api) => api.post('/skills/batch', { skills: [skillBody()] }).then(),
  },
  {
    route: 'POST /heartbeats',
    roles: REGISTRARS,
    call: (api, { skill }) => api.post('/heartbeats', { heartbeats: [{ skill_id: skill }] }).then(),
  },
  {
    route: 'POST /skills/:skill_id/heartbeat',
    roles: ADMINS,
    call: (api, { skill }) => api.post(`/skills/${skill}/heartbeat`).then(),
  },
  {
    route: 'PUT /skills/:skill_id',
    roles: MANAGERS,
    call: (api, { skill }) => api.put(`/skills/${skill}`, skillBody()).then(),
  },
  {
    route: 'PATCH /skills/:skill_id',
    roles: MANAGERS,
    call: (api, { skill }) => api.patch(`/skills/${skill}`, { description: 'x' }).then(),
  },
  {
    route: 'PUT /skills/:skill_id/status',
    roles: MANAGERS,
    call: (api, { skill }) => api.put(`/skills/${skill}/status`, { status: 'active' }).then(),
  },
  {
    route: 'POST /skills/:skill_id/check',
    roles: MANAGERS,
    call: (api, { skill }) => api.post(`/skills/${skill}/check`).then(),
  },
  {
    route: 'PUT /capabilities/:capability_id/status',
    roles: MANAGERS,
    call: (api, { capability }) => api.put(`/capabilities/${capability}/status`, { status: 'enabled' }).then(),
  },
  {
    route: 'DELETE /skills/:skill_id',
    roles: MANAGERS,
    call: (api, { skill }) => api.delete(`/skills/${skill}`).then(),
  },
  {
    route: 'POST /skills/:skill_id/unregister',
    roles: MANAGERS,
    call: (api, { skill }) => api.post(`/skills/${skill}/unregister`).then(),
  },
  {
    route: 'POST /skills/:skill_id/drain',
    roles: MANAGERS,
    call: (api, { skill }) => api.post(`/skills/${skill}/drain`).then(),
  },
  {
    route: 'GET /names/:name',
    roles: READERS,
    call: async (api, { skill }) => api.get(await namePath(api, skill)),
  },
  {
    route: 'PUT /names/:name/shared-with',
    roles: ADMINS,
    call: async (api, { skill, client }) =>
      api.put(`${await namePath(api, skill)}/shared-with`, { client_ids: [client] }),
  },
  {
    route: 'POST /names/:name/transfer',
    roles: ADMINS,
    call: async (api, { skill, client }) => api.post(`${await namePath(api, skill)}/transfer`, { client_id: client }),
  },
  {
    route: 'DELETE /names/:name',
    roles: ADMINS,
    call: async (api, { skill }) => {
      const path = await namePath(api, skill);
      const answer = await api.delete(path);
      if (answer.status !== 409) return answer;
      // It is for admins; and now no Skill has it.
      await api.delete(`/skills/${skill}`);
      return api.delete(path);
    },
  },
  {
    route: 'POST /channels/create',
    roles: ['admin', 'agent'],
    call: (api, { skill, capability }) =>
      api.post('/channels/create', { skill_id: skill, capability_id: capability }).then(),
  },
  { route: 'GET /channels', roles: ['admin', 'agent'], call: (api) => api.get('/channels').then() },
  {
    route: 'GET /channels/:channel_id',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.get(`/channels/${channel}`).then(),
  },
  {
    route: 'POST /channels/:channel_id/close',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.post(`/channels/${channel}/close`).then(),
  },
  {
    route: 'GET /channels/:channel_id/context',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.get(`/channels/${channel}/context`).then(),
  },
  {
    route: 'PUT /channels/:channel_id/context',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.put(`/channels/${channel}/context`, { city: 'Berlin' }).then(),
  },
  { route: 'GET /auth/me', roles: EVERYBODY, call: (api) => api.get('/auth/me').then() },
  { route: 'GET /audit', roles: ['admin', 'operator'], call: (api) => api.get('/audit').then() },
  { route: 'GET /auth/clients', roles: ADMINS, call: (api) => api.get('/auth/clients').then() },
  {
    route: 'POST /auth/clients',
    roles: ADMINS,
    call: (api) => api.post('/auth/clients', { name: 'c', role: 'admin' }).then(),
  },
  {
    route: 'GET /auth/clients/:client_id',
    roles: ADMINS,
    call: (api, { client }) => api.get(`/auth/clients/${client}`).then(),
  },
  {
    route: 'PATCH /auth/clients/:client_id',
    roles: ADMINS,
    call: (api, { client }) => api.patch(`/auth/clients/${client}`, { role: 'admin' }).then(),
  },
  {
    route: 'DELETE /auth/clients/:client_id',
    roles: ADMINS,
    call: (api, { client }) => api.delete(`/auth/clients/${client}`).then(),
  },
  {
    route: 'POST /commands/execute',
    roles: CALLERS,
    call: (api, subject) => api.post('/commands/execute', command(subject)).then(),
  },
  {
    route: 'POST /commands/batch',
    roles: CALLERS,
    call: (api, subject) => api.post('/commands/batch', { commands: [command(subject)] }).then(),
  },
  { route: 'GET /commands/executions', roles: CALLERS, call: (api) => api.get('/commands/executions').then() },
  {
    route: 'GET /commands/executions/:execution_id',
    roles: MANAGERS,
    blind: AGENTS,
    call: (api, { execution }) => api.get(`/commands/executions/${execution}`).then(),
  },
  {
    route: 'POST /commands/executions/:execution_id/cancel',
    roles: MANAGERS,
    blind: AGENTS,
    call: (api, { execution }) => api.post(`/commands/executions/${execution}/cancel`).then(),
  },
  {
    route: 'POST /commands/executions/:execution_id/callback',
    roles: MANAGERS,
    blind: AGENTS,
    call: (api, { execution }) => api.post(`/commands/executions/${execution}/callback`).then(),
  },
  {
    route: 'POST /auth/clients/:client_id/rotate-secret',
    roles: ADMINS,
    call: (api, { client }) => api.post(`/auth/clients/${client}/rotate-secret`).then(),
  },
  {
    route: 'POST /auth/clients/:client_id/api-keys',
    roles: ADMINS,
    call: (api, { client }) => api.post(`/auth/clients/${client}/api-keys`, { name: 'k' }).then(),
  },
  {
    route: 'GET /auth/clients/:client_id/api-keys',
    roles: ADMINS,
    call: (api, { client }) => api.get(`/auth/clients/${client}/api-keys`).then(),
  },
  {
    route: 'GET /auth/clients/:client_id/api-keys/:key_id',
    roles: ADMINS,
    call: (api, { client, key }) => api.get(`/auth/clients/${client}/api-keys/${key}`).then(),
  },
  {
    route: 'PATCH /auth/clients/:client_id/api-keys/:key_id',
    roles: ADMINS,
    call: (api, { client, key }) => api.patch(`/auth/clients/${client}/api-keys/${key}`, { name: 'n' }).then(),
  },
  {
    route: 'POST /auth/clients/:client_id/api-keys/:key_id/rotate',
    roles: ADMINS,
    call: (api, { client, key }) => api.post(`/auth/clients/${client}/api-keys/${key}/rotate`).then(),
  },
  {
    route: 'DELETE /auth/clients/:client_id/api-keys/:key_id',
    roles: ADMINS,
    call: (api, { client, key }) => api.delete(`/auth/clients/${client}/api-keys/${key}`).then(),
  },
];
