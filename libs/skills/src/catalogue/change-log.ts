/** Skills whose last change is remembered, some 100 bytes each. */
const MAX_SKILLS = 50_000;

/**
 * Counts changes of Skills, so that whoever reads can tell afterwards whether something has changed since: take `now`
 * before the read, and ask `isUnchanged` with it. That is true only when nothing changed, and may be false without a
 * change: when everything was said to be changed, and for Skills that changed so long ago that they are forgotten.
 */
export class ChangeLog {
  private count = 0;
  /** The number of the last change that a list may show. */
  private lists = 0;
  /** What began before this one counts as changed. */
  private floor = 0;
  /** The last change of a Skill; the one that changed longest ago first. */
  private readonly skills = new Map<string, number>();

  constructor(private readonly capacity = MAX_SKILLS) {}

  get now(): number {
    return this.count;
  }

  /** These Skills, and with them every list. */
  changed(skillIds: readonly string[]): void {
    this.changedAlone(skillIds);
    this.listsChanged();
  }

  /** These Skills; `listsChanged` must follow. */
  changedAlone(skillIds: readonly string[]): void {
    this.count += 1;
    for (const id of skillIds) {
      this.skills.delete(id);
      this.skills.set(id, this.count);
    }
    for (const [id, change] of this.skills) {
      if (this.skills.size <= this.capacity) break;
      this.skills.delete(id);
      this.floor = change;
    }
  }

  listsChanged(): void {
    this.count += 1;
    this.lists = this.count;
  }

  /** Nobody knows what: everything. */
  allChanged(): void {
    this.skills.clear();
    this.listsChanged();
    this.floor = this.count;
  }

  /** Whether this Skill, or without one every list, is as it was at `since`. */
  isUnchanged(since: number, skillId?: string): boolean {
    return since >= this.floor && since >= (skillId === undefined ? this.lists : (this.skills.get(skillId) ?? 0));
  }
}
