import { GONE } from './stamped-skill.js';

/** What the answer to a write means: done (2xx), not done (4xx), unknown (5xx, or no answer). */
export type Verdict = 'acknowledged' | 'refused' | 'unknown';

export interface Attempt {
  /** 1: the creation; GONE: the deletion. */
  change: number;
  verdict: Verdict;
  /** The replica that answered. */
  by: string | undefined;
  /** Time of the answer, by `performance.now()`. */
  answeredAt: number;
}

/** All writes of one Skill. One client makes them one after the other, each with the ETag that it has read. */
export class SkillRecord {
  id: string | undefined;
  readonly attempts: Attempt[] = [];

  constructor(readonly name: string) {}

  /** The last change that was acknowledged until then, by this replica if one is named; 0: none. */
  acknowledged({ by, until = Infinity }: { by?: string; until?: number } = {}): number {
    const found = this.attempts.findLast(
      (attempt) =>
        attempt.verdict === 'acknowledged' && attempt.answeredAt <= until && (by === undefined || attempt.by === by),
    );
    return found?.change ?? 0;
  }

  /** Whether the Skill may show this change: the last acknowledged one, or a later unknown one. */
  mayShow(change: number): boolean {
    const last = this.acknowledged();
    return change === last || (change > last && this.isPossible(change));
  }

  /** Whether this change may have been made; a refused one may not. */
  isPossible(change: number): boolean {
    return this.attempts.some((attempt) => attempt.change === change && attempt.verdict !== 'refused');
  }

  count(verdict: Verdict): number {
    return this.attempts.filter((attempt) => attempt.verdict === verdict).length;
  }

  /** Whether its deletion was tried, with any result. */
  get mayBeGone(): boolean {
    return this.isPossible(GONE);
  }
}
