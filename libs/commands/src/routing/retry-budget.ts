import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

/** Retries, as a share of the calls. */
const SHARE = 0.2;
/** Retries that are always possible, so that a few failures can be retried. */
const RESERVE = 100;
/** Skills in memory. A Skill that is forgotten starts with a full budget. */
const MAX_SKILLS = 10_000;

/**
 * Bounds the load that retries add (a retry budget, as in Finagle): when a fifth of the recent calls were retried, further
 * failures are not, so that retries do not bring down the endpoints that still work.
 */
export class RetryBudget {
  private balance = RESERVE;

  /** Call this for each call. */
  deposit(): void {
    this.balance = Math.min(RESERVE, this.balance + SHARE);
  }

  /** Returns whether the call may be retried. */
  withdraw(): boolean {
    if (this.balance < 1) return false;
    this.balance -= 1;
    return true;
  }
}

/** A budget for each Skill: a Skill that fails uses up no other's. */
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
