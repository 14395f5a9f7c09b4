import { type Fault, toStorable } from '#common';

/** Entries of one list; one more says that there are others. */
export const MAX_UNTAKEN = 20;
const MORE: Fault = { field: 'answer', reason: 'has more that was not taken' };
/** Characters of a field, and of a reason: both can have names that the Skill chose. */
const LONGEST = 128;

/** What of the answer of a Skill was not taken: the `warnings` of an execution. */
export class Untaken {
  private readonly faults: Fault[] = [];

  add(field: string, reason: string): void {
    if (this.faults.length < MAX_UNTAKEN) this.faults.push({ field: shorten(field), reason: shorten(reason) });
    else this.faults[MAX_UNTAKEN] = MORE;
  }

  addAll(faults: Iterable<Fault>): void {
    for (const { field, reason } of faults) this.add(field, reason);
  }

  /** Adds members that nobody reads, except those that are null. `path` is that of the object. */
  addUnknown(object: Iterable<[string, { value: unknown }]>, known: ReadonlySet<string>, path = ''): void {
    for (const [name, member] of object) {
      // `value` parses: only what is unknown needs it.
      if (!known.has(name) && member.value !== null) this.add(path + name, 'is unknown');
    }
  }

  /** As a member of an answer, which is absent if there is nothing. */
  toMember(): { warnings?: Fault[] } {
    return this.faults.length > 0 ? { warnings: this.faults } : {};
  }
}

function shorten(text: string): string {
  return toStorable(text.slice(0, LONGEST));
}
