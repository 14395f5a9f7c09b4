import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LeaseTerms } from '#skills';
import {
  ALL,
  LEASE_STORES,
  leasedEndpoint,
  LeaseScene,
  type LeaseStores,
  startLeaseStores,
  TERMS,
} from '../../../../test/support/lease-stores.js';

let stores: LeaseStores;
beforeAll(async () => {
  stores = await startLeaseStores();
}, 300_000);
afterAll(() => stores.close());

describe.each(LEASE_STORES)('registrations at the lease store in %s', (kind) => {
  let scene: LeaseScene;
  beforeEach(() => {
    scene = new LeaseScene(stores.open(kind));
  });

  it('give a full lease to whom is new and live; the others are known as ended', async () => {
    const { skill, first, second } = await scene.opened({}, { live: false });
    const remaining = await scene.store.remaining(skill.skillId);
    expect([...remaining.keys()]).toEqual([first.endpointId]);
    expect(remaining.get(first.endpointId)).toBeGreaterThan(TERMS.ttl - 5_000);
    expect(remaining.get(first.endpointId)).toBeLessThanOrEqual(TERMS.ttl);
    expect(await scene.beat(skill.skillId, { url: second.url })).toMatchObject({ status: 'renewed' });
  });

  it.each([
    ['on time', () => Promise.resolve()],
    ['overdue', () => scene.makeOverdue()],
    ['ended', () => scene.makeEnded()],
  ])('of a newer generation take over from a lease that is %s', async (_, before) => {
    const { skill, skillId, first } = await scene.opened({ reported: 'warning' });
    const asOf = await scene.later(1.5);
    await before();
    await delay(5);
    await scene.openAgain(skill, { generation: 2, reported: 'healthy' });
    // A full lease from now: a sweep that began before finds nothing late.
    expect(await scene.store.claimExpired(asOf, ALL)).toEqual([]);
    expect(await scene.counts()).toEqual([1, 0]);
    expect(await scene.beat(skillId, { generation: 1 })).toEqual({ status: 'stale' });
    const { endpointId } = first;
    expect(await scene.beat(skillId, { generation: 2 })).toMatchObject({
      endpoints: [{ endpointId, wasLate: false, reportedBefore: 'healthy' }],
    });
    await scene.openAgain(skill, { generation: 3, live: false });
    expect(await scene.held(skill)).toEqual([]);
    expect(await scene.beat(skillId)).toMatchObject({ generation: 3, endpoints: [{ wasLate: true }] });
  });

  it('of the same generation change nothing, unless it is live and holds no lease', async () => {
    const { skill, skillId } = await scene.opened({});
    await scene.openAgain(skill, { live: false, reported: 'unhealthy' });
    expect(await scene.counts()).toEqual([1, 0]);
    await scene.makeOverdue();
    await scene.openAgain(skill, { reported: 'unhealthy' });
    expect(await scene.counts()).toEqual([0, 1]);
    await scene.makeEnded();
    await scene.openAgain(skill, { live: false });
    expect(await scene.counts()).toEqual([0, 0]);
    await scene.openAgain(skill, { reported: 'unhealthy' });
    expect(await scene.counts()).toEqual([1, 0]);
    expect(await scene.beat(skillId)).toMatchObject({ endpoints: [{ wasLate: false, reportedBefore: 'healthy' }] });
  });

  it('of the same generation do not renew', async () => {
    const { skill } = await scene.opened({});
    const asOf = await scene.later(1.5);
    await delay(5);
    await scene.openAgain(skill, {});
    expect(await scene.store.claimExpired(asOf, ALL)).toHaveLength(1);
  });

  it('of an older generation change nothing: they come late', async () => {
    const { skill, skillId } = await scene.opened({ generation: 10 });
    await scene.openAgain(skill, { generation: 9, live: false });
    expect(await scene.counts()).toEqual([1, 0]);
    await scene.makeOverdue();
    await scene.openAgain(skill, { generation: 9, reported: 'unhealthy' });
    expect(await scene.counts()).toEqual([0, 1]);
    await scene.makeEnded();
    await scene.openAgain(skill, { generation: 9 });
    expect(await scene.counts()).toEqual([0, 0]);
    expect(await scene.beat(skillId, { generation: 9 })).toEqual({ status: 'stale' });
    expect(await scene.beat(skillId)).toMatchObject({ generation: 10, endpoints: [{ reportedBefore: 'healthy' }] });
  });

  it.each([
    ['older', 4],
    ['same', 5],
    ['newer', 6],
  ])('replace another endpoint that had the url, also by an %s generation', async (_, generation) => {
    const { skill, skillId, first } = await scene.opened({ generation: 5 }, {});
    const other = leasedEndpoint({ url: first.url, generation });
    await scene.makeOverdue();
    await scene.store.open([{ ...skill, endpoints: [other] }]);
    expect(await scene.counts()).toEqual([1, 1]);
    expect(await scene.held(skill)).not.toContain(first.endpointId);
    expect(await scene.beat(skillId, { url: first.url })).toMatchObject({
      generation,
      endpoints: [{ endpointId: other.endpointId, wasLate: false }],
    });
    await scene.store.open([{ ...skill, endpoints: [{ ...first, generation: 7, live: false }] }]);
    expect(await scene.held(skill)).toHaveLength(1);
  });

  it('leave endpoints that they do not name, and other Skills', async () => {
    const { skill, skillId } = await scene.opened({}, {});
    const other = await scene.opened({});
    await scene.store.open([{ ...skill, endpoints: [leasedEndpoint()] }]);
    expect(await scene.held(skill)).toHaveLength(3);
    await scene.store.open([{ ...skill, endpoints: [] }]);
    expect(await scene.beat(skillId)).toMatchObject({ endpoints: [{}, {}, {}] });
    expect(await scene.held(other.skill)).toEqual([other.first.endpointId]);
    await scene.store.open([]);
  });

  it('forget endpoints that a whole Skill does not name, and keep the ones that it names', async () => {
    const { skill, skillId, first } = await scene.opened({ url: 'http://a/1' }, { url: 'http://a/2' });
    const other = await scene.opened({});
    await scene.makeOverdue();
    await scene.store.open([{ ...skill, endpoints: [first], isWhole: true }]);
    expect(await scene.held(skill)).toEqual([first.endpointId]);
    expect(await scene.beat(skillId)).toMatchObject({
      endpoints: [{ endpointId: first.endpointId, wasLate: true }],
    });
    expect(await scene.beat(skillId, { url: 'http://a/2' })).toEqual({ status: 'missing' });
    expect(await scene.held(other.skill)).toEqual([other.first.endpointId]);
  });

  it('are forgotten with all their leases, and no other is', async () => {
    const [some, ended, kept] = [
      await scene.opened({}, {}),
      await scene.opened({ live: false }),
      await scene.opened({}),
    ];
    await scene.makeOverdue();
    await scene.beat(some.skillId, { url: some.first.url });
    await scene.store.forget([some.skillId, ended.skillId, randomUUID()]);
    expect(await scene.counts()).toEqual([0, 1]);
    for (const { skillId } of [some, ended]) expect(await scene.beat(skillId)).toEqual({ status: 'missing' });
    expect(await scene.beat(kept.skillId)).toMatchObject({ endpoints: [{ wasLate: true }] });
    await scene.store.forget([]);
  });

  it('have a lease that runs out: the remaining time becomes negative, and is not listed once the lease ended', async () => {
    scene = new LeaseScene(stores.open(kind, { terms: new LeaseTerms({ heartbeatInterval: 0.1 }) }));
    const { skill, skillId, first, second } = await scene.opened({}, {});
    expect(await scene.store.remaining(randomUUID())).toEqual(new Map());
    await delay(310);
    const { now } = await scene.store.state();
    await scene.store.claimExpired(now, ALL);
    await scene.beat(skillId, { url: second.url });
    const remaining = await scene.store.remaining(skillId);
    expect(remaining.get(first.endpointId)).toBeLessThan(0);
    expect(remaining.get(second.endpointId)).toBeGreaterThan(0);
    await scene.store.settle(await scene.store.listEnding(now, ALL));
    expect(await scene.held(skill)).toEqual([second.endpointId]);
  });
});
