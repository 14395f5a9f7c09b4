import { SecretGuard, type Verdict } from './secret-guard.js';

const START = 1_800_000_000_000;
const FREE = { heldFor: 0, isKnown: false, isRecognized: false };
const LONGEST_KEY = 'x'.repeat(1024);

describe('the guard of secrets', () => {
  const refused = (verdict: Verdict): number => ('refusedFor' in verdict ? verdict.refusedFor : 0);
  const held = (verdict: Verdict): number => ('heldFor' in verdict ? verdict.heldFor : -1);

  it('gives a client at one address pauses that double', () => {
    const guard = new SecretGuard();
    const attempt = { clientId: 'victim', address: 'a:1' };
    const pauses: number[] = [];
    let now = START;
    for (let attempts = 0; attempts < 13; attempts += 1) {
      const pause = refused(guard.judge(attempt, now));
      pauses.push(pause);
      now += pause;
      expect(refused(guard.judge(attempt, now))).toBe(0);
      guard.failed(attempt, now);
    }
    expect(pauses).toEqual([0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(refused(guard.judge(attempt, now + 600_000))).toBe(0);
  });

  it('looks at the right secret of a known pair at once, however many wrong ones come from its address', () => {
    const guard = new SecretGuard();
    const home = { clientId: 'victim', address: 'a:home' };
    const right = { ...home, secret: 'right' };
    guard.succeeded(right, START);
    let looked = 0;
    for (let attempts = 0; attempts < 2_000; attempts += 1) {
      const wrong = { ...home, secret: `wrong ${attempts}` };
      if (!('refusedFor' in guard.judge(wrong, START))) {
        looked += 1;
        guard.failed(wrong, START);
      }
      expect(guard.judge(right, START)).toEqual({ heldFor: 0, isKnown: true, isRecognized: true });
    }
    // The free ones, and a line of 2 s.
    expect(looked).toBe(5 + 9);
  });

  it.each([100, 500, 2_000, 60_000])(
    'takes a rotated secret of a known pair that is guessed at every %i ms',
    (everyMs) => {
      const guard = new SecretGuard();
      const home = { clientId: 'victim', address: 'a:home' };
      guard.succeeded({ ...home, secret: 'old' }, START);
      let now = START;
      for (let attempts = 0; attempts < 600; attempts += 1) {
        const wrong = { ...home, secret: `wrong ${attempts}` };
        now += Math.max(everyMs, held(guard.judge(wrong, now)));
        guard.failed(wrong, now);
      }
      const rotated = guard.judge({ ...home, secret: 'new' }, now);
      expect(held(rotated)).toBeGreaterThanOrEqual(0);
      expect(held(rotated)).toBeLessThanOrEqual(2_000);
    },
  );

  it('lets a secret that was right, and is not any more, wait like a guess', () => {
    const guard = new SecretGuard();
    const old = { clientId: 'client', address: 'a:1', secret: 'old' };
    guard.succeeded(old, START);
    for (let attempts = 0; attempts < 5; attempts += 1) guard.failed(old, START);
    const waits = Array.from({ length: 12 }, () => guard.judge(old, START));
    expect(waits.filter((verdict) => 'refusedFor' in verdict)).toHaveLength(3);
    expect(guard.judge(old, START + 600_000)).toMatchObject({ heldFor: 0, isRecognized: false });
  });

  it('knows a client that another replica knows', () => {
    const guard = new SecretGuard();
    const attempt = { clientId: 'client', address: 'a:1', secret: 'right' };
    for (let attempts = 0; attempts < 30; attempts += 1) guard.failed({ ...attempt, secret: 'wrong' }, START);
    expect(refused(guard.judge(attempt, START))).toBeGreaterThan(0);
    guard.recall(attempt, START);
    expect(guard.judge(attempt, START)).toEqual({ heldFor: 0, isKnown: true, isRecognized: false });
  });

  it('leaves the real client alone, at the addresses where it is known and at new ones', () => {
    const guard = new SecretGuard();
    const known = { clientId: 'victim', address: 'a:home' };
    guard.succeeded(known, START);
    for (let attempts = 0; attempts < 10_000; attempts += 1) {
      guard.failed({ clientId: 'victim', address: `a:${attempts}` }, START);
    }
    expect(guard.judge(known, START)).toMatchObject({ heldFor: 0, isKnown: true });
    // From a new address it is held back, and then looked at: never refused.
    expect(held(guard.judge({ clientId: 'victim', address: 'a:new' }, START))).toBe(2000);
    expect(guard.judge({ clientId: 'another', address: 'a:new' }, START)).toEqual(FREE);
  });

  it('stops an address that tries many clients, but for those that are known there', () => {
    const guard = new SecretGuard();
    guard.succeeded({ clientId: 'honest', address: 'a:nat' }, START);
    for (let attempts = 0; attempts < 20; attempts += 1) {
      guard.failed({ clientId: `guess-${attempts}`, address: 'a:nat' }, START);
    }
    expect(refused(guard.judge({ clientId: 'next', address: 'a:nat' }, START))).toBe(1000);
    expect(held(guard.judge({ clientId: 'honest', address: 'a:nat' }, START))).toBe(0);
    expect(guard.judge({ clientId: 'next', address: 'a:elsewhere' }, START)).toEqual(FREE);
  });

  it('forgives a client that has found its secret', () => {
    const guard = new SecretGuard();
    const attempt = { clientId: 'clumsy', address: 'a:1' };
    for (let attempts = 0; attempts < 5; attempts += 1) guard.failed(attempt, START);
    expect(refused(guard.judge(attempt, START))).toBe(1000);
    guard.succeeded(attempt, START + 1000);
    expect(held(guard.judge(attempt, START + 1000))).toBe(0);
  });

  it('tells once when it begins', () => {
    const guard = new SecretGuard();
    const told = Array.from({ length: 19 }, () => guard.failed({ clientId: 'victim', address: 'a:1' }, START));
    expect(told.filter(Boolean)).toHaveLength(1);
  });

  it('keeps 100,000 wrong secrets in bounded memory', () => {
    const guard = new SecretGuard();
    for (let attempts = 0; attempts < 100_000; attempts += 1) {
      guard.failed({ clientId: `${attempts}${LONGEST_KEY}`, address: `a:${attempts}` }, START);
    }
    expect(guard.tracked).toBe(30_000);
  });

  it('refuses rather than holds back more than 256 at a time', async () => {
    const guard = new SecretGuard();
    for (let attempts = 0; attempts < 50; attempts += 1) {
      guard.failed({ clientId: 'victim', address: `a:${attempts}` }, START);
    }
    const attempt = { clientId: 'victim', address: 'a:new' };
    const holding = Array.from({ length: 256 }, () => guard.hold({ ...FREE, heldFor: 20 }));
    expect(refused(guard.judge(attempt, START))).toBe(2000);
    await Promise.all(holding);
    expect(held(guard.judge(attempt, START))).toBe(100);
  });
});
