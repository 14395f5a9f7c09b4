import { RedisConnection } from '#cache';
import { CommandsSettings, RedisSettings } from '#config';
import { CatalogueChanges } from '#skills';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Target } from './target.js';
import { TargetCache } from './target-cache.js';

describe('TargetCache', () => {
  const target = (endpoints: number) =>
    ({ endpoints: Array.from({ length: endpoints }, (_, index) => ({ endpointId: String(index) })) }) as Target;

  it('keeps a bounded number of endpoints, whatever ranges callers ask for, and forgets the oldest answers first', async () => {
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
    await get(2);
    expect(loads).toEqual([1, 2, 3, 4, 1, 2]);
  });
});
