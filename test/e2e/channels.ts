import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import type { TestApp } from '../support/test-app.js';
import { type Api, apiOf } from './api.js';

export interface Channel {
  channel_id: string;
  skill_id: string;
  capability_id: string;
  client_id: string;
  status: string;
  metadata: Record<string, string>;
  created_at: string;
  expiry_time: string;
  closed_at: string | null;
}

export interface Target {
  skill_id: string;
  capability_id: string;
  endpoint_id: string;
}

/** A new Skill with one capability, `forecast`. */
export async function newTarget(app: TestApp, overrides: object = {}): Promise<Target> {
  const { body } = await apiOf(app)
    .post('/skills', { ...skillBody(), ...overrides })
    .expect(201);
  return {
    skill_id: body.skill_id as string,
    capability_id: body.capabilities[0].capability_id as string,
    endpoint_id: body.endpoints[0].endpoint_id as string,
  };
}

export async function openChannel(api: Api, { skill_id, capability_id }: Target, more: object = {}): Promise<Channel> {
  const { body } = await api.post('/channels/create', { skill_id, capability_id, ...more }).expect(200);
  return body.data as Channel;
}

export async function channelOf(api: Api, id: string): Promise<Channel> {
  return (await api.get(`/channels/${id}`).expect(200)).body.data as Channel;
}

export async function contextOf(api: Api, id: string): Promise<Record<string, string>> {
  return (await api.get(`/channels/${id}/context`).expect(200)).body.data.context as Record<string, string>;
}

/** Lets its time pass, so many seconds ago. */
export async function expire(app: TestApp, id: string, seconds = 0): Promise<void> {
  await app.database.query(`UPDATE channels SET expiry_time = now() - $2 * interval '1 second' WHERE id = $1`, [
    id,
    seconds,
  ]);
}

/** Everything that is done to a channel by its id. */
export const BY_ID: [string, (api: Api, id: string) => Promise<Response>][] = [
  ['read', (api, id) => api.get(`/channels/${id}`).then()],
  ['close', (api, id) => api.post(`/channels/${id}/close`).then()],
  ['read its context', (api, id) => api.get(`/channels/${id}/context`).then()],
  ['write its context', (api, id) => api.put(`/channels/${id}/context`, { stolen: 'yes' }).then()],
];
