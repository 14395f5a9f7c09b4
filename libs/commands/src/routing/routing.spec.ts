import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { TryError } from '../calls/try-error.js';
import { choose } from './balancer.js';
import { CallerPauses } from './caller-pauses.js';
import { EndpointState, type EndpointTerms } from './endpoint-state.js';
import { RetryBudget } from './retry-budget.js';

const TERMS: EndpointTerms = { breakerPause: 200, slowStart: 0, maxInFlight: 4 };
const candidate = (weight: number, terms: Partial<EndpointTerms> = {}) => ({
  weight,
  state: new EndpointState({ ...TERMS, ...terms }),
});
type Chosen = ReturnType<typeof candidate>;
const counts = (candidates: Chosen[], calls: number): number[] => {
  const found = new Map<Chosen | undefined, number>();
  for (let n = 0; n < calls; n += 1) {
    const chosen = choose(candidates);
    found.set(chosen, (found.get(chosen) ?? 0) + 1);
  }
  return candidates.map((one) => found.get(one) ?? 0);
};
const fail = (state: EndpointState) => state.call(() => Promise.reject(new Error('down'))).catch(() => 'failed');

describe('choose', () => {
  it('gives each its exact share, and no bursts', () => {
    const candidates = [candidate(1), candidate(2), candidate(7)];
    expect(counts(candidates, 10)).toEqual([1, 2, 7]);
    expect(counts(candidates, 10_000)).toEqual([1_000, 2_000, 7_000]);
    expect(Math.min(...counts(candidates, 3))).toBeLessThan(2);
  });

  it('spreads calls over equals, and keeps off the busy', () => {
    const candidates = [candidate(3), candidate(3), candidate(3)];
    for (const count of counts(candidates, 9_000)) expect(count).toBeGreaterThan(2_500);
    const [busy] = candidates;
    Object.assign(busy?.state ?? {}, { inFlight: 3 });
    expect(counts(candidates, 1_000)[0]).toBe(0);
  });

  it('has none of none, and one of one', () => {
    expect(choose<Chosen>([])).toBeUndefined();
    const one = candidate(1);
    expect(choose([one])).toBe(one);
  });

  it('starts one slowly that comes back', () => {
    const candidates = [candidate(1), candidate(1, { slowStart: 60_000 })];
    const [, back] = candidates;
    back?.state.observe(false);
    back?.state.observe(true);
    expect(counts(candidates, 1_100)[1]).toBeLessThan(120);
    expect(counts(candidates, 1_100)[1]).toBeGreaterThan(80);
  });
});

describe('EndpointState', () => {
  it('opens its circuit when half of the last calls failed, five at least, and lets one through after a pause', async () => {
    const state = new EndpointState(TERMS);
    for (let n = 0; n < 4; n += 1) await fail(state);
    expect([state.isOpen, state.isAvailable]).toEqual([false, true]);
    await fail(state);
    await fail(state);
    expect([state.isOpen, state.isAvailable]).toEqual([true, false]);
    await delay(TERMS.breakerPause + 5);
    expect(state.isAvailable).toBe(true);
    const end = new EventEmitter();
    const trial = state.call(() => once(end, 'end'));
    expect(state.isAvailable).toBe(false);
    end.emit('end');
    await trial;
    expect([state.isOpen, state.isAvailable]).toEqual([false, true]);
  });

  it('opens for five failures in a row, however many calls succeeded before', async () => {
    const state = new EndpointState(TERMS);
    for (let n = 0; n < 20; n += 1) await state.call(() => Promise.resolve());
    for (let n = 0; n < 4; n += 1) await fail(state);
    await state.call(() => Promise.resolve());
    for (let n = 0; n < 4; n += 1) await fail(state);
    expect(state.isOpen).toBe(false);
    await fail(state);
    expect(state.isOpen).toBe(true);
  });

  it('counts no failure for which it is not to blame', async () => {
    const state = new EndpointState(TERMS);
    const slow = new TryError('timeout', 'slow', true, undefined, { isBlamed: false });
    for (let n = 0; n < 10; n += 1) await state.call(() => Promise.reject(slow)).catch(() => 'failed');
    expect(state.isOpen).toBe(false);
  });

  it('gets no calls while it asks to be left alone', async () => {
    const state = new EndpointState(TERMS);
    const busy = new TryError('error-answer', 'busy', true, undefined, { retryAfterMs: 50 });
    await state.call(() => Promise.reject(busy)).catch(() => 'failed');
    expect([state.isAvailable, state.restsFor > 0]).toEqual([false, true]);
    await delay(60);
    expect([state.isAvailable, state.restsFor]).toEqual([true, 0]);
  });

  it('stays open when the trial fails', async () => {
    const state = new EndpointState(TERMS);
    for (let n = 0; n < 6; n += 1) await fail(state);
    await delay(TERMS.breakerPause + 5);
    await fail(state);
    expect([state.isOpen, state.isAvailable]).toEqual([true, false]);
  });

  it('turns calls away that come after the pause at the same time as the trial, as an endpoint that does not serve', async () => {
    const state = new EndpointState(TERMS);
    for (let n = 0; n < 5; n += 1) await fail(state);
    await delay(TERMS.breakerPause + 5);
    let calls = 0;
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => state.call(() => ((calls += 1), Promise.reject(new TryError('timeout', 'down', true))))),
    );
    expect(calls).toBe(1);
    const failure = (fault: string, sent: boolean) => ({
      status: 'rejected',
      reason: { name: 'TryError', fault, sent },
    });
    const turnedAway = failure('unreachable', false);
    expect(outcomes).toMatchObject([failure('timeout', true), turnedAway, turnedAway]);
  });

  describe('with probes', () => {
    const opened = async () => {
      const asked = { times: 0 };
      const state = new EndpointState(TERMS, () => (asked.times += 1));
      await breakDown(state);
      expect(asked.times).toBe(1);
      return { state, asked };
    };
    const breakDown = async (state: EndpointState) => {
      for (let n = 0; n < 6; n += 1) await fail(state);
    };

    it('is closed by one that finds it healthy, after the pause, and starts slowly', async () => {
      const { state } = await opened();
      await state.probed(true);
      expect(state.isOpen).toBe(true);
      await delay(TERMS.breakerPause + 5);
      expect(state.isAvailable).toBe(false);
      await state.probed(true);
      expect([state.isOpen, state.isAvailable]).toEqual([false, true]);
    });

    it('asks again after one that does not, and lets a call try it after a second pause', async () => {
      const { state, asked } = await opened();
      await delay(TERMS.breakerPause + 5);
      await state.probed(false);
      expect([state.isOpen, state.isAvailable, asked.times]).toEqual([true, false, 2]);
      await delay(TERMS.breakerPause + 5);
      expect(state.isAvailable).toBe(true);
      await state.call(() => Promise.resolve());
      expect([state.isOpen, state.isAvailable]).toEqual([false, true]);
    });

    it('does not believe it when calls fail at once all the same', async () => {
      const { state, asked } = await opened();
      await delay(TERMS.breakerPause + 5);
      await state.probed(true);
      await breakDown(state);
      expect([state.isOpen, asked.times]).toEqual([true, 1]);
      await delay(TERMS.breakerPause + 5);
      expect(state.isAvailable).toBe(true);
    });
  });

  it('lets no call wait for a trial that hangs', async () => {
    const state = new EndpointState(TERMS);
    for (let n = 0; n < 5; n += 1) await fail(state);
    await delay(TERMS.breakerPause + 5);
    void state.call(() => new Promise<void>(() => undefined));
    await expect(state.call(() => Promise.resolve())).rejects.toMatchObject({ fault: 'unreachable', sent: false });
  });

  it('takes no more calls at once than it may', () => {
    const state = new EndpointState(TERMS);
    const calls = Array.from({ length: 4 }, () => state.call(() => new Promise<void>(() => undefined)));
    expect([calls.length, state.isAvailable]).toEqual([4, false]);
  });
});

describe('CallerPauses', () => {
  it('keep one caller away from one endpoint, for a minute at most', () => {
    const pauses = new CallerPauses();
    expect(pauses.left('a', 'one')).toBe(0);
    pauses.begin('a', 'one', 3_600_000);
    expect(pauses.left('a', 'one')).toBeGreaterThan(59_000);
    expect(pauses.left('a', 'one')).toBeLessThanOrEqual(60_000);
    expect([pauses.left('b', 'one'), pauses.left('a', 'two')]).toEqual([0, 0]);
  });
});

describe('RetryBudget', () => {
  it('grants a fifth of the calls, and a reserve', () => {
    const budget = new RetryBudget();
    let granted = 0;
    while (budget.withdraw()) granted += 1;
    expect(granted).toBe(100);
    for (let n = 0; n < 50; n += 1) budget.deposit();
    for (granted = 0; budget.withdraw();) granted += 1;
    expect([9, 10]).toContain(granted);
  });
});
