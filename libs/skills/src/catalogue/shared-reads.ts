import { Inject, Injectable } from '@nestjs/common';
import { type CatalogueSettings, catalogueSettings } from '#config';
import { LRUCache } from 'lru-cache';
import { CatalogueChanges, type ReadStart } from './catalogue-changes.js';

/** The most reads in flight that others may join; further reads have one caller each. */
const MAX_SHARED = 10_000;
/** Milliseconds in which others may join a read: a read that hangs must not block all later ones. */
const MAX_SHARED_MS = 1_000;
/** The most counts; each is the text of a query and a number. */
const MAX_COUNTS = 10_000;

interface SharedRead {
  readonly start: ReadStart;
  readonly answer: Promise<unknown>;
}

interface KnownCount {
  readonly start: ReadStart;
  readonly total: number;
}

/**
 * Does equal reads at the same time only once. The name of a read must contain everything that its result depends on, also the
 * Spaces. Do not change a result.
 */
@Injectable()
export class SharedReads {
  private readonly reads = new Map<string, SharedRead>();
  private readonly counts: LRUCache<string, KnownCount> | undefined;

  constructor(
    private readonly changes: CatalogueChanges,
    @Inject(catalogueSettings.KEY) { maxBytes }: CatalogueSettings,
  ) {
    if (maxBytes > 0) this.counts = new LRUCache({ max: MAX_COUNTS });
  }

  /** Joins a read in flight, unless there was a change since it began. `skillId`: the read is about this Skill only. */
  share<T>(name: string, load: () => Promise<T>, skillId?: string): Promise<T> {
    const present = this.reads.get(name);
    const start = this.changes.start();
    if (present && start.at - present.start.at < MAX_SHARED_MS && this.changes.holds(present.start, skillId)) {
      return present.answer as Promise<T>;
    }
    const answer = load();
    if (present === undefined && this.reads.size >= MAX_SHARED) return answer;
    const read = { start, answer };
    this.reads.set(name, read);
    const end = (): void => {
      if (this.reads.get(name) === read) this.reads.delete(name);
    };
    answer.then(end, end);
    return answer;
  }

  /** A count, which is kept until there is a change: all pages of a list share it. */
  async count(name: string, load: () => Promise<number>): Promise<number> {
    const known = this.counts?.get(name);
    if (known && this.changes.holds(known.start)) return known.total;
    return this.share(name, async () => {
      const start = this.changes.start();
      const total = await load();
      this.counts?.set(name, { start, total });
      return total;
    });
  }
}
