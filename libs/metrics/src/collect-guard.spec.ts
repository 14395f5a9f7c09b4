import { setTimeout as sleep } from 'node:timers/promises';
import { type Collect, guardCollect } from './collect-guard.js';

describe('guardCollect', () => {
  let logged: string[];
  let failures: number;

  beforeEach(() => {
    logged = [];
    failures = 0;
  });

  const guard = (collect: Collect<string>): (() => Promise<void>) =>
    guardCollect('skills', collect, {
      timeout: 30,
      logger: {
        log: (message: string) => logged.push(`log ${message}`),
        warn: (message: string) => logged.push(`warn ${message}`),
      },
      onFailure: () => (failures += 1),
    }).bind('the metric');

  it('hands over the metric', async () => {
    const seen: string[] = [];
    await guard((metric) => void seen.push(metric))();
    expect(seen).toEqual(['the metric']);
    expect(failures).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
  ])('counts every failure of one that %s, and logs the first and the recovery', async (_, fail) => {
    let broken = true;
    const collect = guard(() => (broken ? fail() : undefined));
    await collect();
    await collect();
    broken = false;
    await collect();
    await collect();
    expect(failures).toBe(2);
    expect(logged).toEqual([
      'warn The metric skills cannot be collected: no database',
      'log The metric skills is collected again',
    ]);
  });

  it('stops waiting, and neither waits for nor starts it again before it has come back', async () => {
    let started = 0;
    let finish: () => void = () => undefined;
    const collect = guard(() => {
      started += 1;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    await collect();
    expect(failures).toBe(1);
    const again = performance.now();
    await collect();
    expect(performance.now() - again).toBeLessThan(20);
    expect([started, failures]).toEqual([1, 2]);
    finish();
    await sleep(1);
    const third = collect();
    finish();
    await third;
    expect([started, failures]).toEqual([2, 2]);
  });

  it('runs once for reads at the same time', async () => {
    let started = 0;
    const collect = guard(async () => {
      started += 1;
      await sleep(2);
    });
    await Promise.all([collect(), collect(), collect()]);
    expect([started, failures]).toEqual([1, 0]);
  });
});
