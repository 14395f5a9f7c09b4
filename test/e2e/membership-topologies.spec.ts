import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';
import type { TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { apiOf } from './api.js';
import { close, closeAll, create, find, has, health, namesOf, skillsOf, start, warnings } from './registries.js';

describe('replicas of a member', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await closeAll();
    await database.drop();
  });

  it('are one member, that stays when one of them stops, and ends with the last', async () => {
    const upstream = await start('upstream');
    const replica = (url: string): Promise<TestApp> =>
      start('member', upstream.url, { APP_PUBLIC_URL: url }, { database });
    const first = await replica('http://first.example.com');
    await create(first, { name: 'own' });
    await until(has(upstream, 'own'));
    const second = await replica('http://second.example.com');
    await delay(1_200);
    const urls = async (): Promise<string[]> =>
      ((await find(upstream, 'member'))?.endpoints ?? []).map(({ url }) => url);
    expect(await urls()).toEqual(['http://first.example.com']);
    expect((await health(second)).checks.upstream).toEqual({ status: 'up' });
    expect((await second.http.get('/metrics')).text).toContain('registry_upstream_up 0');
    await close(first);
    expect(await namesOf(upstream)).toEqual(['member', 'own']);
    await until(async () => (await urls()).includes('http://second.example.com'));
    await until(async () => (await second.http.get('/metrics')).text.includes('registry_upstream_skills 1'));
    await close(second);
    // The endpoint of the first one stays until its lease ends.
    expect(await urls()).not.toContain('http://second.example.com');
    expect(await has(upstream, 'own')()).toBe(false);
    await until(async () => (await apiOf(upstream).get('/skills/discover')).body.data.total === 0);
  });
});

/** So that leases of members last 3 s. */
const SLOW = { heartbeatMs: 1_000 };

describe('registries of registries', () => {
  afterEach(closeAll);

  it('pass on no Skill that came from another registry', async () => {
    await Promise.all([chainOfThree(), ringOfTwo()]);
  });

  async function chainOfThree(): Promise<void> {
    const top = await start('top');
    const middle = await start('middle', top.url, {}, SLOW);
    const low = await start('low', middle.url);
    await create(middle, { name: 'of-middle' });
    await create(low, { name: 'of-low' });
    await until(async () => (await namesOf(middle)).length === 3);
    await until(async () => (await namesOf(top)).length === 2);
    const before = [...(await skillsOf(top)), ...(await skillsOf(middle))].map(({ generation }) => generation);
    await delay(2_500);
    expect(await namesOf(top)).toEqual(['middle', 'of-middle']);
    expect(await namesOf(middle)).toEqual(['low', 'of-low', 'of-middle']);
    expect(await namesOf(low)).toEqual(['of-low']);
    const after = [...(await skillsOf(top)), ...(await skillsOf(middle))].map(({ generation }) => generation);
    expect(after).toEqual(before);
  }

  async function ringOfTwo(): Promise<void> {
    const port = await freePort();
    const second = await start('second', `http://127.0.0.1:${port}`, {}, SLOW);
    const first = await start('first', second.url, { APP_PORT: String(port) }, SLOW);
    await create(first, { name: 'of-first' });
    await create(second, { name: 'of-second' });
    const complete = async (): Promise<boolean> =>
      (await namesOf(first)).length === 3 && (await namesOf(second)).length === 3;
    await until(complete);
    const generations = async (): Promise<number[]> =>
      [...(await skillsOf(first)), ...(await skillsOf(second))].map(({ generation }) => generation);
    const before = await generations();
    await delay(2_500);
    expect(await namesOf(first)).toEqual(['of-first', 'of-second', 'second']);
    expect(await namesOf(second)).toEqual(['first', 'of-first', 'of-second']);
    expect(await generations()).toEqual(before);
  }

  it('do not register with themselves', async () => {
    const port = await freePort();
    const app = await start('ouroboros', `http://127.0.0.1:${port}`, { APP_PORT: String(port) });
    await create(app, { name: 'own' });
    const circular = { status: 'degraded', reason: 'the upstream registry is this service itself' };
    await until(async () => JSON.stringify((await health(app)).checks.upstream) === JSON.stringify(circular));
    await until(async () => (await namesOf(app)).length === 1);
    await delay(700);
    expect(await namesOf(app)).toEqual(['own']);
    expect((await find(app, 'own'))?.metadata).not.toHaveProperty('ooder.registry');
    expect((await health(app)).status).toBe('healthy');
    expect(warnings(app)).toEqual([expect.stringContaining('leads back to this service')]);
  });
});
