import { RedisConnection } from '#cache';
import { RedisSettings } from '#config';
import { jest } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CatalogueChanges } from './catalogue-changes.js';

describe('CatalogueChanges of the only replica', () => {
  let changes: CatalogueChanges;
  beforeEach(() => {
    jest.useFakeTimers();
    const redis = new RedisConnection(new RedisSettings());
    changes = new CatalogueChanges(redis, new SchedulerRegistry());
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('know at once that something read holds no more', () => {
    const start = changes.start();
    expect([changes.holds(start), changes.holds(start, 'a'), changes.holds(start, 'b')]).toEqual([true, true, true]);
    void changes.announce(['a']);
    expect([changes.holds(start), changes.holds(start, 'a'), changes.holds(start, 'b')]).toEqual([false, false, true]);
    expect(changes.counts).toEqual({ own: 1, heard: 0, missed: 0 });
  });

  it('let nothing grow older than 25 seconds', () => {
    const start = changes.start();
    jest.advanceTimersByTime(24_900);
    expect(changes.holds(start, 'a')).toBe(true);
    jest.advanceTimersByTime(100);
    expect(changes.holds(start, 'a')).toBe(false);
  });

  it('take the changes of others together, for lists', () => {
    const start = changes.start();
    changes.changed(['a']);
    expect([changes.holds(start), changes.holds(start, 'a')]).toEqual([true, false]);
    jest.advanceTimersByTime(60);
    changes.changed(['b']);
    jest.advanceTimersByTime(40);
    expect(changes.holds(start)).toBe(false);
    const later = changes.start();
    jest.advanceTimersByTime(1_000);
    expect(changes.holds(later)).toBe(true);
  });
});
