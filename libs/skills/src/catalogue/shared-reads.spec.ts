import { RedisConnection } from '#cache';
import { CatalogueSettings, RedisSettings } from '#config';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CatalogueChanges } from './catalogue-changes.js';
import { SharedReads } from './shared-reads.js';

/** A load that ends when it is told to. */
class Load {
  calls = 0;
  private ends: ((value: number) => void)[] = [];

  readonly run = (): Promise<number> => {
    this.calls += 1;
    return new Promise((resolve) => this.ends.push(resolve));
  };

  end(value: number): void {
    for (const end of this.ends.splice(0)) end(value);
  }
}

describe('SharedReads', () => {
  let changes: CatalogueChanges;
  let reads: SharedReads;
  let load: Load;
  beforeEach(() => {
    const redis = new RedisConnection(new RedisSettings());
    changes = new CatalogueChanges(redis, new SchedulerRegistry());
    reads = new SharedReads(changes, new CatalogueSettings());
    load = new Load();
  });

  it('runs one read for requests that come at the same time', async () => {
    const answers = Promise.all([reads.share('a', load.run), reads.share('a', load.run), reads.share('b', load.run)]);
    expect(load.calls).toBe(2);
    load.end(7);
    expect(await answers).toEqual([7, 7, 7]);
    void reads.share('a', load.run);
    expect(load.calls).toBe(3);
    load.end(0);
  });

  it('lets no request join a read that began before a change', async () => {
    const list = reads.share('list', load.run);
    const skill = reads.share('skill', load.run, 'a');
    await changes.announce(['b']);
    void reads.share('list', load.run);
    void reads.share('skill', load.run, 'a');
    expect(load.calls).toBe(3);
    await changes.announce(['a']);
    void reads.share('skill', load.run, 'a');
    expect(load.calls).toBe(4);
    load.end(1);
    expect(await Promise.all([list, skill])).toEqual([1, 1]);
  });

  it('shares a failure with all that wait, and with no later caller', async () => {
    const fail = (): Promise<number> => Promise.reject(new Error('away'));
    const answers = await Promise.allSettled([reads.share('a', fail), reads.share('a', fail)]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = reads.share('a', load.run);
    load.end(2);
    expect(await next).toBe(2);
  });

  it('remembers a count until there is a change', async () => {
    const count = async (value: number): Promise<number> => {
      const answer = reads.count('all', load.run);
      load.end(value);
      return answer;
    };
    expect([await count(3), await count(4)]).toEqual([3, 3]);
    await changes.announce(['a']);
    expect([await count(5), await count(6)]).toEqual([5, 5]);
  });

  it('forgets a count that a change has overtaken while it was made', async () => {
    const first = reads.count('all', load.run);
    await changes.announce(['a']);
    load.end(3);
    expect(await first).toBe(3);
    const second = reads.count('all', load.run);
    load.end(4);
    expect(await second).toBe(4);
  });
});
