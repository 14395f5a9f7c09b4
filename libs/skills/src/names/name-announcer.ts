import { Injectable } from '@nestjs/common';
import { CacheProvider } from '#cache';
import { SKILL_CACHE } from '../reading/skill.cache.js';
import { SkillObservers } from '../model/skill-observers.js';

/** Tells of Skills that have another owner, after the commit. */
@Injectable()
export class NameAnnouncer {
  constructor(
    private readonly cache: CacheProvider,
    private readonly observers: SkillObservers,
  ) {}

  async changed(skillIds: readonly string[]): Promise<void> {
    if (skillIds.length === 0) return;
    await this.cache.invalidate(SKILL_CACHE, ...skillIds);
    await this.observers.changed(skillIds);
  }
}
