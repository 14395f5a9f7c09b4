import { Injectable } from '@nestjs/common';
import { LeaseTerms } from '#skills';
import { LeaseRepository, toLeasedSkill } from '../leases/lease.repository.js';
import { LeaseStore } from '../leases/lease-store.js';

/** Skills in one page. */
const PAGE = 200;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Goes through the leases in PostgreSQL, page by page, again and again, and adds to the store those that it lacks. If the
 * store missed a registration and no heartbeat follows, no sweep would end that lease.
 */
@Injectable()
export class LeaseAudit {
  private after = BEFORE_ALL;
  private restUntil = 0;

  constructor(
    private readonly store: LeaseStore,
    private readonly repository: LeaseRepository,
    private readonly terms: LeaseTerms,
  ) {}

  /** Processes the next page. After the last page it does nothing for the time of one lease. */
  async step(): Promise<void> {
    if (performance.now() < this.restUntil) return;
    if (await this.page()) return;
    this.restUntil = performance.now() + this.terms.ttl;
  }

  /** Processes all pages, and calls `between` after each but the last. Rejects if `between` does. */
  async all(between: () => Promise<unknown>): Promise<void> {
    this.after = BEFORE_ALL;
    while (await this.page()) await between();
  }

  /** Returns whether there may be more. */
  private async page(): Promise<boolean> {
    const ids = await this.repository.listLeased(this.after, PAGE);
    if (ids.length > 0) {
      const skills = await this.repository.find(ids);
      await this.store.open([...skills.values()].map((skill) => toLeasedSkill(skill)));
    }
    const isFull = ids.length === PAGE;
    this.after = isFull ? (ids.at(-1) ?? BEFORE_ALL) : BEFORE_ALL;
    return isFull;
  }
}
