import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { MetricsModule } from './metrics.module.js';
import { MetricsService } from './metrics.service.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('MetricsService', () => {
  let module: TestingModule;
  let metrics: MetricsService;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    module = await Test.createTestingModule({ imports: [MetricsModule] }).compile();
    module.useLogger(false);
    metrics = module.get(MetricsService);
  });

  afterEach(async () => {
    await module.close();
  });

  it('keeps applications in one process apart', async () => {
    const other = new MetricsService();
    metrics.counter({ name: 'skills_registered_total', help: 'Skills.' }).inc(2);
    other.counter({ name: 'skills_registered_total', help: 'Skills.' }).inc(5);
    expect(await metrics.render()).toContain('skills_registered_total 2\n');
    expect(await other.render()).toContain('skills_registered_total 5\n');
  });

  it('refuses a name that is taken', () => {
    metrics.gauge({ name: 'channels_open', help: 'Channels.' });
    expect(() => metrics.gauge({ name: 'channels_open', help: 'Channels.' })).toThrow('already been registered');
  });

  it('answers in time, with everything else, when a collect fails and another hangs', async () => {
    metrics.gauge({ name: 'broken', help: '.', collect: () => Promise.reject(new Error('no')) });
    metrics.gauge({ name: 'hanging', help: '.', collect: () => new Promise<void>(() => undefined) });
    metrics.gauge({
      name: 'working',
      help: '.',
      collect: (gauge) => {
        gauge.set(7);
      },
    });
    const started = performance.now();
    const text = await metrics.render();
    expect(performance.now() - started).toBeLessThan(1500);
    expect(text).toContain('\nworking 7\n');
    const next = await metrics.render();
    expect(next).toContain('metrics_collect_failures_total{metric="broken"} ');
    expect(next).toContain('metrics_collect_failures_total{metric="hanging"} ');
  });

  it('describes the process', async () => {
    await module.init();
    const text = await metrics.render();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_open_fds',
      'process_start_time_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_heap_size_limit_bytes',
    ])
      expect(Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])).toBeGreaterThan(0);
  });

  it('measures the event loop and the garbage collector while the application runs, and no longer', async () => {
    const block = (): void => {
      const until = performance.now() + 60;
      while (performance.now() < until);
      collectGarbage();
    };
    const valueOf = async (series: string): Promise<number> =>
      Number(new RegExp(`^${series} (\\S+)$`, 'm').exec(await metrics.render())?.[1] ?? 0);
    const measure = async (): Promise<{ lag: number; collections: number }> => {
      const before = await valueOf('nodejs_gc_duration_seconds_count{kind="major"}');
      // A read starts the lag anew, from the next sample on.
      await sleep(30);
      block();
      await sleep(30);
      const lag = await valueOf('nodejs_eventloop_lag_max_seconds');
      return { lag, collections: (await valueOf('nodejs_gc_duration_seconds_count{kind="major"}')) - before };
    };
    expect(await measure()).toEqual({ lag: 0, collections: 0 });
    await module.init();
    const running = await measure();
    expect(running.lag).toBeGreaterThan(0.03);
    expect(running.collections).toBeGreaterThan(0);
    await module.close();
    expect(await measure()).toEqual({ lag: 0, collections: 0 });
  });
});
