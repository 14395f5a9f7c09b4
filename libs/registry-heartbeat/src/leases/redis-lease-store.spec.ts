import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisClientType } from 'redis';
import { ALL, LeaseScene, type LeaseStores, startLeaseStores, TERMS } from '../../../../test/support/lease-stores.js';

const HOUR = 3_600_000;

describe('RedisLeaseStore', () => {
  let stores: LeaseStores;
  let client: RedisClientType;
  let registryId: string;
  let scene: LeaseScene;

  beforeAll(async () => {
    stores = await startLeaseStores();
    if (stores.redis.client === undefined) throw new Error('no client');
    client = stores.redis.client;
  }, 300_000);
  afterAll(() => stores.close());
  beforeEach(async () => {
    await client.flushAll();
    registryId = randomUUID();
    scene = new LeaseScene(stores.open('redis', { registryId }));
  });

  const keyOf = (name: string) => `ooder:v1:{leases:${registryId}}:${name}`;
  /** As if these leases had been renewed so many milliseconds from now, by a clock that was set back since. */
  const postpone = async (set: string, by: number) => {
    for (const member of await client.zRange(keyOf(set), 0, -1)) await client.zIncrBy(keyOf(set), by, member);
  };

  it('goes on when Redis has forgotten the scripts', async () => {
    const { skillId } = await scene.opened({});
    await client.scriptFlush();
    expect(await scene.beat(skillId)).toMatchObject({ status: 'renewed' });
    await client.scriptFlush();
    expect(await scene.counts()).toEqual([1, 0]);
  });

  it('passes on what Redis answers when it refuses', async () => {
    const { skillId } = await scene.opened({});
    await client.set(keyOf('on-time'), 'text');
    await expect(scene.beat(skillId)).rejects.toThrow('WRONGTYPE');
  });

  it('holds a lease once, also when it has lost what it knew of the Skill', async () => {
    const { skill, skillId } = await scene.opened({});
    await scene.makeOverdue();
    await client.del(keyOf(`skill:${skillId}`));
    await scene.store.open([skill]);
    expect(await scene.counts()).toEqual([1, 0]);
  });

  it('keeps everything under keys of one hash tag, and nothing once it is forgotten', async () => {
    const { skillId } = await scene.opened({}, {});
    const ended = await scene.opened({ live: false });
    await scene.makeOverdue();
    await scene.beat(skillId);
    await scene.opened({});
    await scene.makeOverdue();
    await scene.beat(skillId);
    await scene.store.beginSweep();
    const keys = await client.keys('*');
    expect(keys.map((key) => key.replace(/:skill:.+/, ':skill:ID')).toSorted()).toEqual(
      ['on-time', 'overdue', 'skill:ID', 'skill:ID', 'skill:ID', 'sweep'].map(keyOf),
    );
    const ids = keys.flatMap((key) => /:skill:(.+)/.exec(key)?.[1] ?? []);
    expect(ids).toEqual(expect.arrayContaining([skillId, ended.skillId]));
    await scene.store.forget(ids);
    expect(await client.keys('*')).toEqual([keyOf('sweep')]);
  });

  it('is shared by the replicas of one registry only', async () => {
    const replica = new LeaseScene(stores.open('redis', { registryId }));
    const other = new LeaseScene(stores.open('redis'));
    const { skill, skillId } = await scene.opened({});
    await scene.store.keep({ complete: true });
    await scene.store.beginSweep();
    expect(await replica.beat(skillId)).toMatchObject({ endpoints: [{ wasLate: false }] });
    expect(await replica.store.state()).toMatchObject({ complete: true });
    expect(await other.beat(skillId)).toEqual({ status: 'missing' });
    expect(await other.counts()).toEqual([0, 0]);
    expect(await other.store.state()).toMatchObject({ complete: false, sweptAt: 0 });
    await other.store.open([{ ...skill, owner: 'another' }]);
    await other.makeEnded();
    await other.store.forget([skillId]);
    expect(await replica.held(skill)).toHaveLength(1);
  });

  it('says after a loss of its data that it is not complete', async () => {
    await scene.store.keep({ complete: true, frozen: true });
    await scene.store.beginSweep();
    await client.flushAll();
    expect(await scene.store.beginSweep()).toMatchObject({ complete: false, frozen: false, sweptAt: 0 });
  });

  describe('after its clock stepped back', () => {
    it('counts leases renewed in the future as renewed now, and leaves the others', async () => {
      const { skillId, first } = await scene.opened({});
      await postpone('on-time', HOUR);
      expect((await scene.store.remaining(skillId)).get(first.endpointId)).toBeGreaterThan(TERMS.ttl);
      const other = await scene.opened({});
      const before = await scene.later(0);
      await delay(2);
      expect(await scene.store.clampToNow(ALL)).toBe(1);
      expect((await scene.store.remaining(skillId)).get(first.endpointId)).toBeLessThanOrEqual(TERMS.ttl);
      expect(await scene.store.claimExpired(before + TERMS.warnAfter, ALL)).toMatchObject([{ skillId: other.skillId }]);
      expect(await scene.makeOverdue()).toMatchObject([{ skillId }]);
      expect(await scene.store.clampToNow(ALL)).toBe(0);
    });

    it('corrects up to a limit at once, on time and overdue together', async () => {
      await scene.opened({}, {}, {});
      await scene.makeOverdue();
      await postpone('overdue', HOUR);
      await scene.opened({}, {}, {});
      await postpone('on-time', HOUR);
      const counts = [];
      for (let n = 0; n < 4; n += 1) counts.push(await scene.store.clampToNow(2));
      expect(counts).toEqual([2, 2, 2, 0]);
      expect(await scene.counts()).toEqual([3, 3]);
    });
  });
});
