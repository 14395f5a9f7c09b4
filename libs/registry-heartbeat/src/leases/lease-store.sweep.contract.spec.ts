import { setTimeout as delay } from 'node:timers/promises';
import {
  ALL,
  LEASE_STORES,
  LeaseScene,
  type LeaseStores,
  startLeaseStores,
  TERMS,
} from '../../../../test/support/lease-stores.js';
import type { LeaseRef, LeaseStore } from './lease-store.js';

let stores: LeaseStores;
beforeAll(async () => {
  stores = await startLeaseStores();
}, 300_000);
afterAll(() => stores.close());

describe.each(LEASE_STORES)('a sweep of the lease store in %s', (kind) => {
  let scene: LeaseScene;
  let store: LeaseStore;
  beforeEach(() => {
    store = stores.open(kind);
    scene = new LeaseScene(store);
  });

  /** Leases that were renewed one after the other, at different times; their endpoints in that order. */
  const openedInTurn = async (count: number) => {
    const skills = [];
    for (let n = 0; n < count; n += 1) {
      skills.push(await scene.opened({}));
      await delay(2);
    }
    return skills.map(({ skill, skillId, first }) => ({ skill, skillId, endpointId: first.endpointId }));
  };
  const idsOf = (leases: readonly LeaseRef[]) => leases.map(({ endpointId }) => endpointId);

  describe('begins', () => {
    it('with nothing set in a store that is new', async () => {
      const fresh = { graceUntil: 0, threatenedSince: 0, frozen: false, complete: false, sweptAt: 0 };
      expect(await store.state()).toEqual({ ...fresh, now: expect.any(Number) });
      expect(await store.beginSweep()).toEqual({ ...fresh, now: expect.any(Number) });
    });

    it('with the time of the one before, which a look does not change', async () => {
      const first = await store.beginSweep();
      expect((await store.state()).sweptAt).toBe(first.now);
      await delay(5);
      const second = await store.beginSweep();
      expect(second.sweptAt).toBe(first.now);
      expect(second.now).toBeGreaterThan(first.now);
      expect((await store.beginSweep()).sweptAt).toBe(second.now);
    });

    it('with what the sweeps before kept, each mark on its own', async () => {
      await store.keep({ complete: true });
      await store.keep({ graceUntil: 1_700_000_000_123, threatenedSince: 7 });
      await store.keep({ frozen: true });
      const kept = { graceUntil: 1_700_000_000_123, threatenedSince: 7, frozen: true, complete: true };
      expect(await store.beginSweep()).toMatchObject(kept);
      await store.keep({ frozen: false, threatenedSince: 0 });
      expect(await store.state()).toMatchObject({ ...kept, frozen: false, threatenedSince: 0 });
    });
  });

  describe('takes late leases', () => {
    it('from 1.5 intervals of silence on, once, with the time of their renewal', async () => {
      const { skillId, first } = await scene.opened({}, { live: false });
      const before = (await store.state()).now;
      expect(await store.claimExpired(before + TERMS.warnAfter - 5_000, ALL)).toEqual([]);
      const [lease] = await scene.makeOverdue();
      expect(lease).toEqual({ skillId, endpointId: first.endpointId, renewedAt: expect.any(Number) });
      expect(lease?.renewedAt).toBeLessThanOrEqual(before);
      expect(await scene.makeOverdue()).toEqual([]);
      expect(await scene.counts()).toEqual([0, 1]);
    });

    it('within a millisecond, not before', async () => {
      const { skillId } = await scene.opened({});
      const renewedAt = (await scene.makeOverdue())[0]?.renewedAt ?? 0;
      await store.release();
      expect(await store.claimExpired(renewedAt + TERMS.warnAfter - 1, ALL)).toEqual([]);
      expect(await store.claimExpired(renewedAt + TERMS.warnAfter + 1, ALL)).toMatchObject([{ skillId, renewedAt }]);
      expect(await store.listEnding(renewedAt + TERMS.ttl - 1, ALL)).toEqual([]);
      expect(await store.listEnding(renewedAt + TERMS.ttl + 1, ALL)).toMatchObject([{ skillId, renewedAt }]);
    });

    it('longest silent first, up to a limit', async () => {
      const [a, b, c, d] = await openedInTurn(4);
      await scene.beat(a?.skillId ?? '');
      const asOf = await scene.later(1.5);
      expect(idsOf(await store.claimExpired(asOf, 2))).toEqual([b?.endpointId, c?.endpointId]);
      expect(idsOf(await store.claimExpired(asOf, 2))).toEqual([d?.endpointId, a?.endpointId]);
      expect(await store.claimExpired(asOf, 2)).toEqual([]);
    });

    it('again when the sweep before did not finish, as old as they were', async () => {
      await openedInTurn(3);
      const asOf = await scene.later(1.5);
      const taken = await store.claimExpired(asOf, 2);
      await store.release();
      expect(await scene.counts()).toEqual([3, 0]);
      const again = await store.claimExpired(asOf, ALL);
      expect(again).toHaveLength(3);
      expect(again.slice(0, 2)).toEqual(taken);
      await store.release();
      await store.release();
      expect(await scene.counts()).toEqual([3, 0]);
    });

    it('again after they were released, in their old order, and no others', async () => {
      const [a, b, c, d] = await openedInTurn(4);
      const asOf = await scene.later(1.5);
      const [first, second, third] = await store.claimExpired(asOf, 3);
      await store.release([second, third].flatMap((lease) => lease ?? []));
      expect(await scene.counts()).toEqual([3, 1]);
      await store.release([first].flatMap((lease) => lease ?? []));
      await store.release([first].flatMap((lease) => lease ?? []));
      expect(await scene.counts()).toEqual([4, 0]);
      const again = await store.claimExpired(asOf, ALL);
      expect(idsOf(again)).toEqual([a, b, c, d].map((endpoint) => endpoint?.endpointId));
      expect(again.slice(0, 3)).toEqual([first, second, third]);
    });

    it('of silent members only: a heartbeat brings them back on time', async () => {
      const [a, b] = await openedInTurn(2);
      await scene.makeOverdue();
      await scene.beat(a?.skillId ?? '');
      await store.release();
      expect(await scene.counts()).toEqual([2, 0]);
      expect(idsOf(await scene.makeOverdue())).toEqual([b?.endpointId, a?.endpointId]);
    });
  });

  describe('finds expired leases', () => {
    it('among the overdue only, from 3 intervals on, as often as it looks, longest silent first', async () => {
      const [a, b, c] = await openedInTurn(3);
      const end = await scene.later(3);
      expect(await store.listEnding(end, ALL)).toEqual([]);
      await scene.makeOverdue();
      expect(await store.listEnding(await scene.later(2.9), ALL)).toEqual([]);
      expect(idsOf(await store.listEnding(end, 2))).toEqual([a?.endpointId, b?.endpointId]);
      expect(idsOf(await store.listEnding(end, ALL))).toEqual([a?.endpointId, b?.endpointId, c?.endpointId]);
      expect(await scene.counts()).toEqual([0, 3]);
    });

    it('and settles them: they hold no lease any more', async () => {
      const [a, b] = await openedInTurn(2);
      await scene.makeOverdue();
      const expired = await store.listEnding(await scene.later(3), ALL);
      await store.settle(expired.slice(0, 1));
      expect(idsOf(await store.listEnding(await scene.later(3), ALL))).toEqual([b?.endpointId]);
      await store.settle(expired);
      await store.settle(expired);
      expect(await scene.counts()).toEqual([0, 0]);
      expect(await scene.beat(a?.skillId ?? '')).toMatchObject({ endpoints: [{ wasLate: true }] });
      await store.settle([]);
    });

    it('and settles none that was renewed since, though it be overdue again', async () => {
      const [a, b] = await openedInTurn(2);
      await scene.makeOverdue();
      const expired = await store.listEnding(await scene.later(3), ALL);
      await scene.beat(a?.skillId ?? '');
      await store.settle(expired.slice(0, 1));
      expect(await scene.counts()).toEqual([1, 1]);
      await scene.makeOverdue();
      await store.settle(expired.slice(0, 1));
      expect(await scene.counts()).toEqual([0, 2]);
      await store.forget([b?.skillId ?? '']);
      await store.settle(expired);
      expect(await scene.counts()).toEqual([0, 1]);
    });

    it('and leaves alone what another sweeper has made on time again', async () => {
      await scene.opened({});
      await scene.makeOverdue();
      const expired = await store.listEnding(await scene.later(3), ALL);
      await store.release();
      await store.settle(expired);
      expect(await scene.counts()).toEqual([1, 0]);
    });

    it('and extends the leases of members heard elsewhere, from now, and no others', async () => {
      const [a, b, c] = await openedInTurn(4);
      const taken = await scene.makeOverdue();
      await scene.beat(b?.skillId ?? '');
      await store.settle((await store.listEnding(await scene.later(3), ALL)).slice(-1));
      await store.forget([c?.skillId ?? '']);
      const asOf = await scene.later(1.5);
      await delay(2);
      await store.extend(taken);
      expect(await scene.counts()).toEqual([2, 0]);
      expect(idsOf(await store.claimExpired(asOf, ALL))).toEqual([b?.endpointId]);
      expect(idsOf(await scene.makeOverdue())).toEqual([a?.endpointId]);
      await store.extend([]);
    });
  });

  it('counts leases that are on time, overdue, and about to end within an interval', async () => {
    const [a, b] = await openedInTurn(2);
    await scene.opened({ live: false });
    const asOf = await scene.later(2);
    await delay(2);
    await scene.opened({}, {});
    expect(await store.census(asOf)).toEqual({ onTime: 4, overdue: 0, expiring: 2 });
    expect(await store.census(asOf - 5_000)).toEqual({ onTime: 4, overdue: 0, expiring: 0 });
    await store.claimExpired(asOf - 0.5 * TERMS.interval, 1);
    expect(await store.census(asOf)).toEqual({ onTime: 3, overdue: 1, expiring: 2 });
    expect(await store.census(await scene.later(100))).toEqual({ onTime: 3, overdue: 1, expiring: 4 });
    await scene.beat(a?.skillId ?? '');
    expect(await store.census(asOf)).toEqual({ onTime: 4, overdue: 0, expiring: 1 });
    await store.forget([b?.skillId ?? '']);
    expect(await store.census(asOf)).toEqual({ onTime: 3, overdue: 0, expiring: 0 });
  });

  it('has nothing to correct while the clock runs on', async () => {
    await openedInTurn(2);
    await scene.makeOverdue();
    expect(await store.clampToNow(ALL)).toBe(0);
    expect(await scene.counts()).toEqual([0, 2]);
  });
});
