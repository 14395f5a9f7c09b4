import { Injectable } from '@nestjs/common';
import { CatalogueChanges } from '../catalogue/catalogue-changes.js';
import { SkillObservers } from '../model/skill-observers.js';

/** Announces Skills whose owner changed. Call it after the commit. */
@Injectable()
export class NameAnnouncer {
  constructor(
    private readonly changes: CatalogueChanges,
    private readonly observers: SkillObservers,
  ) {}

  async changed(skillIds: readonly string[]): Promise<void> {
    if (skillIds.length === 0) return;
    await this.changes.announce(skillIds);
    await this.observers.changed(skillIds);
  }
}
