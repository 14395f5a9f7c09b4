/** Skills whose last change is kept, about 100 bytes each. */
const MAX_SKILLS = 50_000;

/**
 * Counts changes of Skills, so that a reader can see whether its result still holds: keep `now` from before the read, and pass
 * it to `isUnchanged`. True means that nothing has changed. False can also mean that it is unknown: after `allChanged`, and
 * for Skills whose last change was dropped from this log.
 */
export class ChangeLog {
  private count = 0;
  /** The number of the last change that a list may show. */
  private lists = 0;
  /** Everything before this number counts as changed. */
  private floor = 0;
  /** The number of the last change by Skill, the oldest change first. */
  private readonly skills = new Map<string, number>();

  constructor(private readonly capacity = MAX_SKILLS) {}

  get now(): number {
    return this.count;
  }

  /** These Skills have changed, and with them every list. */
  changed(skillIds: readonly string[]): void {
    this.changedAlone(skillIds);
    this.listsChanged();
  }

  /** These Skills have changed. Call `listsChanged` later. */
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

  /** Unknown Skills have changed: everything counts as changed. */
  allChanged(): void {
    this.skills.clear();
    this.listsChanged();
    this.floor = this.count;
  }

  /** Whether this Skill is unchanged since then; without an id: whether all lists are. */
  isUnchanged(since: number, skillId?: string): boolean {
    return since >= this.floor && since >= (skillId === undefined ? this.lists : (this.skills.get(skillId) ?? 0));
  }
}
