import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { OutageLog } from '#logging';
import { type SkillLeases, type SkillObserver, SkillObservers } from '#skills';
import { leasesOf, LeaseRepository } from './lease.repository.js';
import { type LeasedSkill, LeaseStore } from './lease-store.js';

/** Skills made known at once. */
const MAX_SKILLS = 200;

/**
 * Keeps the lease store in step with what is registered. PostgreSQL is the truth, and the store may be out of reach: what
 * is not told here, the next heartbeat or the sweeper's audit makes up for. Nothing here ever rejects.
 */
@Injectable()
export class LeaseOpener implements SkillObserver, OnModuleInit {
  private readonly outage = new OutageLog(new Logger('leases'), 'Telling the lease store of registrations');

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

  /** Endpoints may be gone: what was known is replaced by what PostgreSQL knows now. */
  async changed(skillIds: readonly string[]): Promise<void> {
    for (let start = 0; start < skillIds.length; start += MAX_SKILLS) {
      const ids = skillIds.slice(start, start + MAX_SKILLS);
      await this.attempt(async () => {
        await this.store.forget(ids);
        const known = await this.repository.find(ids);
        await this.store.open([...known.values()].map((skill) => leasesOf(skill)));
      });
    }
  }

  async open(skills: readonly LeasedSkill[]): Promise<void> {
    for (let start = 0; start < skills.length; start += MAX_SKILLS) {
      await this.attempt(() => this.store.open(skills.slice(start, start + MAX_SKILLS)));
    }
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
