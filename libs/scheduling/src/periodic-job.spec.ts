import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { PeriodicJob } from './periodic-job.js';

describe('PeriodicJob', () => {
  let scheduler: SchedulerRegistry;
  let runs: (() => void)[];
  let failing: boolean;
  const job = (everyMs: number) =>
    new PeriodicJob(scheduler, { name: 'job', everyMs, context: 'test', subject: 'A job' }, () => {
      if (failing) return Promise.reject(new Error('away'));
      return new Promise<void>((resolve) => runs.push(resolve));
    });

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(() => {
    jest.useFakeTimers();
    scheduler = new SchedulerRegistry();
    runs = [];
    failing = false;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('runs every so often, one at a time, from start to stop', async () => {
    const one = job(100);
    await jest.advanceTimersByTimeAsync(500);
    expect(runs).toHaveLength(0);
    one.start();
    await jest.advanceTimersByTimeAsync(350);
    expect(runs).toHaveLength(1);
    runs[0]?.();
    await jest.advanceTimersByTimeAsync(100);
    expect(runs).toHaveLength(2);
    let isStopped = false;
    const stopped = one.stop().then(() => (isStopped = true));
    await jest.advanceTimersByTimeAsync(500);
    expect([runs.length, isStopped, one.isStopping]).toEqual([2, false, true]);
    runs[1]?.();
    await stopped;
    expect(scheduler.getIntervals()).toEqual([]);
  });

  it('shares a run that is under way, or waits for it and does it anew', async () => {
    const one = job(100);
    const first = one.run();
    expect(one.run()).toBe(first);
    const anew = one.runAnew();
    runs[0]?.();
    await first;
    await jest.advanceTimersByTimeAsync(0);
    expect(runs).toHaveLength(2);
    runs[1]?.();
    await anew;
    await one.stop();
  });

  it('rejects never, and goes on after a failure', async () => {
    const one = job(100);
    failing = true;
    await one.run();
    failing = false;
    one.start();
    await jest.advanceTimersByTimeAsync(100);
    expect(runs).toHaveLength(1);
  });

  it('leaves out what is for another replica, which neither begins nor ends an outage', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const log = jest.spyOn(Logger.prototype, 'log');
    let isDue = true;
    let runsDone = 0;
    const work = (): Promise<void> => {
      runsDone += 1;
      return failing ? Promise.reject(new Error('away')) : Promise.resolve();
    };
    const options = { name: 'job', everyMs: 100, context: 'test', subject: 'A job', isDue: () => isDue };
    const one = new PeriodicJob(scheduler, options, work);
    failing = true;
    await one.run();
    failing = false;
    isDue = false;
    await one.run();
    expect([runsDone, warn.mock.calls.length, log.mock.calls.length]).toEqual([1, 1, 0]);
    isDue = true;
    await one.run();
    expect([runsDone, warn.mock.calls.length, log.mock.calls.length]).toEqual([2, 1, 1]);
    jest.restoreAllMocks();
  });

  it.each([
    [5, Infinity, [2, 2, 2]],
    [4, Infinity, [2, 2, 2]],
    [0, Infinity, [2]],
    [9, 5, [2, 2, 1]],
    [9, 0, []],
  ])('works through %d rows, of %d at most, in portions', async (rows, total, limits) => {
    const one = job(100);
    const seen: number[] = [];
    let left = rows;
    const step = (limit: number): Promise<number> => {
      seen.push(limit);
      const done = Math.min(limit, left);
      left -= done;
      return Promise.resolve(done);
    };
    await one.inPortions(2, step, total);
    expect(seen).toEqual(limits);
    await one.stop();
    await one.inPortions(2, step, total);
    expect(seen).toEqual(limits);
  });

  it('never runs by itself every 0 ms', async () => {
    const one = job(0);
    one.start();
    await jest.advanceTimersByTimeAsync(10);
    expect([runs, scheduler.getIntervals()]).toEqual([[], []]);
    await one.stop();
  });
});
