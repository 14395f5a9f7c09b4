import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { splitIntoSlices } from '#common';
import { OutageLog } from '#logging';
import { type SkillLeases, type SkillObserver, SkillObservers } from '#skills';
import { toLeasedSkill, LeaseRepository } from './lease.repository.js';
import { type LeasedSkill, LeaseStore } from './lease-store.js';

/** Skills in one call of the store. */
const MAX_SKILLS = 200;

/**
 * Keeps the lease store in step with the registrations in PostgreSQL. What cannot be written because the store is
 * unavailable, the next heartbeat or the sweeper's audit writes later. No method rejects.
 */
@Injectable()
export class LeaseOpener implements SkillObserver, OnModuleInit {
  private readonly outage = new OutageLog(new Logger('leases'), 'Writing registrations to the lease store');

  constructor(
    private readonly store: LeaseStore,
    private readonly repository: LeaseRepository,
    private readonly skills: SkillObservers,
  ) {}

  onModuleInit(): void {
    this.skills.subscribe(this);
  }

  async registered(skills: readonly SkillLeases[]): Promise<void> {
    await this.open(
      skills.map(({ endpoints, ...skill }) => ({
        ...skill,
        endpoints: endpoints.map(({ health, ...endpoint }) => ({ ...endpoint, reported: health })),
      })),
    );
  }

  /** Endpoints, or whole Skills, may have been deleted. The leases of the others do not change. */
  async changed(skillIds: readonly string[]): Promise<void> {
    await this.sync(skillIds, false);
  }

  /** Replaces what the store has by what PostgreSQL has, for example after PostgreSQL was restored from a backup. */
  async replace(skillIds: readonly string[]): Promise<void> {
    await this.sync(skillIds, true);
  }

  private async sync(skillIds: readonly string[], anew: boolean): Promise<void> {
    for (const ids of splitIntoSlices(skillIds, MAX_SKILLS)) {
      await this.attempt(async () => {
        const known = await this.repository.find(ids);
        const forgotten = anew ? ids : ids.filter((id) => !known.has(id));
        if (forgotten.length > 0) await this.store.forget(forgotten);
        await this.store.open([...known.values()].map((skill) => toLeasedSkill(skill)));
      });
    }
  }

  async open(skills: readonly LeasedSkill[]): Promise<void> {
    for (const some of splitIntoSlices(skills, MAX_SKILLS)) await this.attempt(() => this.store.open(some));
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.outage.end();
    } catch (error) {
      this.outage.begin(String(error));
    }
  }
}
