import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  LEASE_STORES,
  leasedEndpoint,
  leasedSkill,
  LeaseScene,
  type LeaseStores,
  startLeaseStores,
} from '../../../../test/support/lease-stores.js';
import type { Beat, LeasedEndpoint } from './lease-store.js';

let stores: LeaseStores;
beforeAll(async () => {
  stores = await startLeaseStores();
}, 300_000);
afterAll(() => stores.close());

describe.each(LEASE_STORES)('a heartbeat at the lease store in %s', (kind) => {
  let scene: LeaseScene;
  beforeEach(() => {
    scene = new LeaseScene(stores.open(kind));
  });

  const renewed = (generation: number, ...endpoints: LeasedEndpoint[]) => ({
    status: 'renewed',
    generation,
    endpoints: endpoints.map(({ endpointId }) => ({ endpointId, wasLate: false, reportedBefore: 'healthy' })),
  });

  it('renews one endpoint by its url, and no other', async () => {
    const { skillId, first } = await scene.opened({}, {});
    expect(await scene.beat(skillId, { url: first.url })).toEqual(renewed(1, first));
    await scene.makeOverdue();
    await scene.beat(skillId, { url: first.url });
    expect(await scene.counts()).toEqual([1, 1]);
  });

  it('renews every endpoint without a url, and tells the highest generation', async () => {
    const { skillId, first, second } = await scene.opened({ generation: 9 }, { generation: 10 });
    expect(await scene.beat(skillId)).toEqual(renewed(10, first, second));
    await scene.makeOverdue();
    await scene.beat(skillId);
    expect(await scene.counts()).toEqual([2, 0]);
  });

  it('gives a full lease from now', async () => {
    const { skillId, first } = await scene.opened({});
    await delay(100);
    const before = (await scene.store.remaining(skillId)).get(first.endpointId);
    await scene.beat(skillId);
    expect((await scene.store.remaining(skillId)).get(first.endpointId)).toBeGreaterThan(before ?? Infinity);
  });

  it('renews, of all, the endpoints of the generation that it names', async () => {
    const { skillId, first, second } = await scene.opened({ generation: 9 }, { generation: 10 });
    await scene.makeOverdue();
    expect(await scene.beat(skillId, { generation: 9 })).toMatchObject({
      generation: 9,
      endpoints: [{ endpointId: first.endpointId }],
    });
    expect(await scene.makeOverdue()).toMatchObject([{ endpointId: first.endpointId }]);
    expect(await scene.beat(skillId, { url: second.url, generation: 10 })).toMatchObject({ generation: 10 });
  });

  it('finds Skills, urls and newer generations missing', async () => {
    const { skillId, first, second } = await scene.opened({ generation: 5 }, { generation: 6 });
    const empty = await scene.opened();
    const outcomes = [
      await scene.beat(randomUUID()),
      await scene.beat(empty.skillId),
      await scene.beat(skillId, { url: 'http://b/' }),
      await scene.beat(skillId, { url: `${first.url}/` }),
      await scene.beat(skillId, { url: first.url, generation: 6 }),
      await scene.beat(skillId, { url: second.url, generation: 60 }),
      await scene.beat(skillId, { generation: 7 }),
    ];
    for (const outcome of outcomes) expect(outcome).toEqual({ status: 'missing' });
  });

  it('is fenced off with an older generation, and renews nothing', async () => {
    const { skillId, first } = await scene.opened({ generation: 10 }, { generation: 11 });
    await scene.makeOverdue();
    expect(await scene.beat(skillId, { url: first.url, generation: 9 })).toEqual({ status: 'stale' });
    expect(await scene.beat(skillId, { generation: 9, health: 'unhealthy' })).toEqual({ status: 'stale' });
    expect(await scene.counts()).toEqual([0, 2]);
    expect(await scene.beat(skillId, { url: first.url })).toMatchObject({ endpoints: [{ reportedBefore: 'healthy' }] });
  });

  it('is fenced off by an ended lease as by a living one', async () => {
    const { skillId } = await scene.opened({ generation: 10 });
    await scene.makeEnded();
    expect(await scene.beat(skillId, { generation: 9 })).toEqual({ status: 'stale' });
    expect(await scene.beat(skillId, { generation: 10 })).toMatchObject({ endpoints: [{ wasLate: true }] });
  });

  it('compares generations up to 2^53 - 1 as numbers', async () => {
    const top = Number.MAX_SAFE_INTEGER;
    const { skillId, first, second } = await scene.opened({ generation: top }, { generation: 9 });
    expect(await scene.beat(skillId, { url: first.url, generation: top })).toEqual(renewed(top, first));
    expect(await scene.beat(skillId, { url: first.url, generation: top - 1 })).toEqual({ status: 'stale' });
    expect(await scene.beat(skillId, { url: second.url, generation: 10 })).toEqual({ status: 'missing' });
    expect(await scene.beat(skillId)).toEqual(renewed(top, first, second));
  });

  it('is refused and renews nothing if the client may renew only its own Skills and does not own this one', async () => {
    const { skillId, first } = await scene.opened({});
    await scene.makeOverdue();
    for (const boundTo of ['other', 'owne', 'owner ', 'OWNER']) {
      expect(await scene.beat(skillId, { url: first.url, boundTo })).toEqual({ status: 'foreign' });
      expect(await scene.beat(skillId, { boundTo, health: 'unhealthy' })).toEqual({ status: 'foreign' });
    }
    expect(await scene.counts()).toEqual([0, 1]);
    expect(await scene.beat(randomUUID(), { boundTo: 'owner' })).toEqual({ status: 'missing' });
    expect(await scene.beat(skillId, { boundTo: 'owner' })).toMatchObject({ endpoints: [{ wasLate: true }] });
  });

  it('tells once that a lease was overdue, had ended, or never lived', async () => {
    const { skillId, first, second } = await scene.opened({}, { live: false });
    const wasLate = async (url: string) => {
      const outcome = await scene.beat(skillId, { url });
      return outcome?.status === 'renewed' && outcome.endpoints.map((endpoint) => endpoint.wasLate);
    };
    expect([await wasLate(second.url), await wasLate(second.url)]).toEqual([[true], [false]]);
    await scene.makeOverdue();
    expect([await wasLate(first.url), await wasLate(first.url)]).toEqual([[true], [false]]);
    await scene.makeEnded();
    expect([await wasLate(first.url), await wasLate(first.url)]).toEqual([[true], [false]]);
  });

  it('tells what was reported before', async () => {
    const { skillId, first } = await scene.opened({ reported: 'warning' });
    const reported = [];
    for (const health of ['unhealthy', 'healthy', 'healthy', 'warning'] as const) {
      const outcome = await scene.beat(skillId, { health, url: first.url });
      reported.push(outcome?.status === 'renewed' && outcome.endpoints[0]?.reportedBefore);
    }
    expect(reported).toEqual(['warning', 'unhealthy', 'healthy', 'healthy']);
  });

  it('is answered in the order of the beats, also of one Skill again and again', async () => {
    const { skillId, first } = await scene.opened({ generation: 4 });
    await scene.makeOverdue();
    const outcomes = await scene.store.renew([
      { skillId: randomUUID(), health: 'healthy' },
      { skillId, health: 'warning' },
      { skillId, health: 'healthy', boundTo: 'other' },
      { skillId, health: 'unhealthy', url: first.url },
      { skillId, health: 'healthy', generation: 3 },
      { skillId, health: 'healthy', generation: 4 },
    ]);
    const told = (wasLate: boolean, reportedBefore: string) => ({
      status: 'renewed',
      generation: 4,
      endpoints: [{ endpointId: first.endpointId, wasLate, reportedBefore }],
    });
    expect(outcomes).toEqual([
      { status: 'missing' },
      told(true, 'healthy'),
      { status: 'foreign' },
      told(false, 'warning'),
      { status: 'stale' },
      told(false, 'unhealthy'),
    ]);
    expect(await scene.store.renew([])).toEqual([]);
  });

  it('may be one of 500 at once, each of two endpoints', async () => {
    const skills = Array.from({ length: 500 }, () => leasedSkill([leasedEndpoint(), leasedEndpoint()]));
    await scene.store.open(skills);
    await scene.makeOverdue();
    expect(await scene.counts()).toEqual([0, 1_000]);
    const outcomes = await scene.store.renew(skills.map(({ skillId }) => ({ skillId, health: 'healthy' })));
    expect(outcomes.map((outcome) => outcome.status === 'renewed' && outcome.endpoints[1]?.endpointId)).toEqual(
      skills.map(({ endpoints }) => endpoints[1]?.endpointId),
    );
    expect(await scene.counts()).toEqual([1_000, 0]);
  });

  it('may be one of many at once, each of more endpoints than one call to the store takes', async () => {
    const skills = Array.from({ length: 30 }, () => leasedSkill(Array.from({ length: 50 }, () => leasedEndpoint())));
    await scene.store.open(skills);
    await scene.makeOverdue();
    // Some of the second call are on time already.
    await scene.store.renew(skills.slice(25).map(({ skillId }) => ({ skillId, health: 'healthy' })));
    const outcomes = await scene.store.renew(skills.map(({ skillId }) => ({ skillId, health: 'healthy' })));
    const late = outcomes.map(
      (outcome) => outcome.status === 'renewed' && outcome.endpoints.filter(({ wasLate }) => wasLate).length,
    );
    expect(late).toEqual([...Array<number>(25).fill(50), ...Array<number>(5).fill(0)]);
    expect(await scene.counts()).toEqual([1_500, 0]);
  });

  it.each([
    ['separators', 'http://a/|b:1;2|3:'],
    ['other scripts', 'http://天气/预报?🌦=%00'],
    ['braces', 'ws://a/{b}'],
    ['512 characters', `http://a/${'x'.repeat(503)}`],
  ])('takes a url and an owner with %s as any other', async (_, text) => {
    const { store } = scene;
    const skill = leasedSkill([leasedEndpoint({ url: text }), leasedEndpoint({ url: `${text}2` })]);
    await store.open([{ ...skill, owner: text }]);
    expect(await scene.beat(skill.skillId, { url: text, boundTo: text })).toMatchObject({
      endpoints: [{ endpointId: skill.endpoints[0]?.endpointId }],
    });
    expect(await scene.beat(skill.skillId, { boundTo: `${text}2` })).toEqual({ status: 'foreign' });
    expect(await scene.held(skill)).toHaveLength(2);
    await store.forget([skill.skillId]);
    expect(await scene.counts()).toEqual([0, 0]);
  });
});

describe('a heartbeat after which nothing is otherwise than before', () => {
  const steady = (scene: LeaseScene, skillId: string, options: Partial<Beat> = {}) =>
    scene.store.renewSteady({ skillId, health: 'healthy', ...options });

  it('is taken at once by a store in this process, as any other', async () => {
    const scene = new LeaseScene(stores.open('memory'));
    const { skillId, first, second } = await scene.opened({ generation: 9 }, { generation: 10, reported: 'warning' });
    const other = await scene.opened({});
    await delay(50);
    const before = await scene.store.remaining(skillId);
    expect(steady(scene, skillId, { url: first.url, generation: 9, boundTo: 'owner' })).toEqual({
      generation: 9,
      endpointIds: [first.endpointId],
    });
    const after = await scene.store.remaining(skillId);
    expect(after.get(first.endpointId)).toBeGreaterThan(before.get(first.endpointId) ?? Infinity);
    expect(after.get(second.endpointId)).toBeLessThanOrEqual(before.get(second.endpointId) ?? 0);
    expect(steady(scene, skillId, { url: second.url, health: 'warning' })).toMatchObject({ generation: 10 });
    expect(steady(scene, other.skillId)).toEqual({ generation: 1, endpointIds: [other.first.endpointId] });
    // It was renewed last, and becomes overdue last.
    const overdue = await scene.makeOverdue();
    expect(overdue.map(({ endpointId }) => endpointId)).toEqual(
      [first, second, other.first].map(({ endpointId }) => endpointId),
    );
  });

  it.each([
    ['says something else', { health: 'warning' }],
    ['is for a url that is not there', { url: 'http://b/' }],
    ['is of another generation', { generation: 1 }],
    ['is of a newer generation', { generation: 3 }],
    ['comes from another client', { boundTo: 'other' }],
  ] as const)('is none when it %s, and then nothing is done', async (_, options) => {
    const scene = new LeaseScene(stores.open('memory'));
    const { skillId, first } = await scene.opened({ generation: 2 });
    await delay(20);
    const before = await scene.store.remaining(skillId);
    expect(steady(scene, skillId, options)).toBeUndefined();
    const after = await scene.store.remaining(skillId);
    expect(after.get(first.endpointId)).toBeLessThanOrEqual(before.get(first.endpointId) ?? 0);
    expect(await scene.beat(skillId)).toMatchObject({ endpoints: [{ wasLate: false, reportedBefore: 'healthy' }] });
  });

  it('is none for a lease that is overdue or has ended, or for one of several', async () => {
    const scene = new LeaseScene(stores.open('memory'));
    const { skillId, first, second } = await scene.opened({}, {});
    await scene.makeOverdue();
    await scene.beat(skillId, { url: first.url });
    expect(steady(scene, skillId)).toBeUndefined();
    expect(steady(scene, skillId, { url: second.url })).toBeUndefined();
    expect(await scene.counts()).toEqual([1, 1]);
    await scene.makeEnded();
    expect(steady(scene, skillId, { url: first.url })).toBeUndefined();
    expect(await scene.beat(skillId, { url: first.url })).toMatchObject({ endpoints: [{ wasLate: true }] });
    expect(steady(scene, randomUUID())).toBeUndefined();
  });

  it('is none where the store has to be asked', async () => {
    const scene = new LeaseScene(stores.open('redis'));
    const { skillId } = await scene.opened({});
    expect(steady(scene, skillId)).toBeUndefined();
  });
});
