import { RedisConnection } from '#cache';
import { CommandsSettings, RedisSettings } from '#config';
import { CatalogueChanges } from '#skills';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Target } from './target.js';
import { TargetCache } from './target-cache.js';

describe('TargetCache', () => {
  const target = (endpoints: number) =>
    ({ endpoints: Array.from({ length: endpoints }, (_, index) => ({ endpointId: String(index) })) }) as Target;

  it('keeps a bounded number of endpoints, whatever ranges callers ask for, and forgets the answer that was used longest ago', async () => {
    const cache = new TargetCache(
      new CatalogueChanges(new RedisConnection(new RedisSettings()), new SchedulerRegistry()),
      Object.assign(new CommandsSettings(), { targetMaxAge: 30_000 }),
    );
    const loads: number[] = [];
    const get = (range: number) =>
      cache.get(['name', range], undefined, () => {
        loads.push(range);
        return Promise.resolve([target(30_000)]);
      });
    for (const range of [1, 2, 3, 4, 4, 3, 2]) await get(range);
    expect(loads).toEqual([1, 2, 3, 4]);
    await get(1);
    expect(loads).toEqual([1, 2, 3, 4, 1]);
    for (const range of [2, 3, 4]) await get(range);
    expect(loads).toEqual([1, 2, 3, 4, 1, 4]);
  });

  it('shares a load, and keeps no failed one and none that was invalidated meanwhile', async () => {
    const changes = new CatalogueChanges(new RedisConnection(new RedisSettings()), new SchedulerRegistry());
    const cache = new TargetCache(changes, Object.assign(new CommandsSettings(), { targetMaxAge: 30_000 }));
    cache.onModuleInit();
    const ends: { resolve: (targets: Target[]) => void; reject: (error: Error) => void }[] = [];
    const get = () =>
      cache.get(['id'], 'skill-1', () => new Promise((resolve, reject) => ends.push({ resolve, reject })));
    const failing = [get(), get()];
    ends[0]?.reject(new Error('away'));
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const outdated = get();
    await changes.announce(['skill-1']);
    ends[1]?.resolve([target(1)]);
    await outdated;
    const fresh = [get(), get()];
    expect(ends).toHaveLength(3);
    ends[2]?.resolve([target(2)]);
    expect(await Promise.all(fresh)).toEqual([[target(2)], [target(2)]]);
    await get();
    expect(ends).toHaveLength(3);
  });
});
