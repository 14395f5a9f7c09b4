import { GONE } from './stamped-skill.js';

/** What its answer says of a write: done (2xx); not done (4xx); nobody knows (5xx, or no answer). */
export type Verdict = 'acknowledged' | 'refused' | 'unknown';

export interface Attempt {
  /** 1: the creation; GONE: the deletion. */
  change: number;
  verdict: Verdict;
  /** The replica that answered. */
  by: string | undefined;
  /** When the answer was there, by `performance.now()`. */
  answeredAt: number;
}

/** All writes of one Skill, which one client makes one after the other, each on the ETag that it has read. */
export class SkillRecord {
  id: string | undefined;
  readonly attempts: Attempt[] = [];

  constructor(readonly name: string) {}

  /** The last change that was acknowledged, by this replica if one is named, and until then; 0: none. */
  acknowledged({ by, until = Infinity }: { by?: string; until?: number } = {}): number {
    const found = this.attempts.findLast(
      (attempt) =>
        attempt.verdict === 'acknowledged' && attempt.answeredAt <= until && (by === undefined || attempt.by === by),
    );
    return found?.change ?? 0;
  }

  /** Whether it may show this change: the last that was acknowledged, or one after it of which nobody knows. */
  mayShow(change: number): boolean {
    const last = this.acknowledged();
    return change === last || (change > last && this.isPossible(change));
  }

  /** Whether this change may have come about at all; one that was refused may not. */
  isPossible(change: number): boolean {
    return this.attempts.some((attempt) => attempt.change === change && attempt.verdict !== 'refused');
  }

  count(verdict: Verdict): number {
    return this.attempts.filter((attempt) => attempt.verdict === verdict).length;
  }

  /** Whether its deletion was tried, whatever became of that. */
  get mayBeGone(): boolean {
    return this.isPossible(GONE);
  }
}
