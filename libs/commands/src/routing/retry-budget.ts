import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

/** Tries beyond the first, as a share of the calls. */
const SHARE = 0.2;
/** And so many at any time, so that a few failures can always be made up for. */
const RESERVE = 100;
/** Skills that are remembered; those called longest ago are forgotten, which fills their budget again. */
const MAX_SKILLS = 10_000;

/**
 * Bounds what failures add to the load (a retry budget, as in Finagle): when a fifth of all calls were tried again
 * lately, the rest fails at once, rather than bringing down what still stands.
 */
export class RetryBudget {
  private balance = RESERVE;

  /** A call was made. */
  deposit(): void {
    this.balance = Math.min(RESERVE, this.balance + SHARE);
  }

  /** Whether it may be tried again. */
  withdraw(): boolean {
    if (this.balance < 1) return false;
    this.balance -= 1;
    return true;
  }
}

/** Each Skill has its own: one that fails takes nothing from others. */
@Injectable()
export class RetryBudgets {
  private readonly budgets = new LRUCache<string, RetryBudget>({ max: MAX_SKILLS });

  get(skillId: string): RetryBudget {
    const known = this.budgets.get(skillId);
    if (known) return known;
    const budget = new RetryBudget();
    this.budgets.set(skillId, budget);
    return budget;
  }
}
