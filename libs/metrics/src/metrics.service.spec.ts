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

  it('measures the event loop, and every pause of the garbage collector', async () => {
    await module.init();
    const valueOf = async (series: string): Promise<number> =>
      Number(new RegExp(`^${series} (\\S+)$`, 'm').exec(await metrics.render())?.[1] ?? 0);
    const before = await valueOf('nodejs_gc_duration_seconds_count{kind="major"}');
    // A read starts the lag anew, from the next sample on.
    await sleep(30);
    const until = performance.now() + 60;
    while (performance.now() < until);
    // Node reports them together.
    for (let collections = 0; collections < 3; collections += 1) collectGarbage();
    await sleep(30);
    expect(await valueOf('nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.03);
    expect((await valueOf('nodejs_gc_duration_seconds_count{kind="major"}')) - before).toBeGreaterThanOrEqual(3);
  });

  it('has each family of metrics once, with those of the process in all applications', async () => {
    const other = new MetricsService();
    metrics.counter({ name: 'skills_registered_total', help: 'Skills.' });
    for (const text of [await metrics.render(), await other.render()]) {
      const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
      expect(new Set(families).size).toBe(families.length);
      expect(families).toContain('process_open_fds');
      expect(text).not.toContain('\n\n\n');
    }
  });
});
