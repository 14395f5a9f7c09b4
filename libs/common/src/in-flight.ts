/**
 * What is under way at the moment. Not a Set or a Map: when one of these shrinks to nothing, as it does when little is
 * under way, V8 gives it a new table each time, and keeps what was in the old ones until the next full collection
 * (docs/adr/0027). Bounded by whoever adds.
 */
export class InFlight<T extends object> implements Iterable<T> {
  private readonly slots: (T | undefined)[] = [];
  private readonly free: number[] = [];

  /** Returns its slot, for `remove`. */
  add(item: T): number {
    const slot = this.free.pop() ?? this.slots.length;
    this.slots[slot] = item;
    return slot;
  }

  /** Once for each that was added. */
  remove(slot: number): void {
    this.slots[slot] = undefined;
    this.free.push(slot);
  }

  *[Symbol.iterator](): Generator<T> {
    for (const item of this.slots) if (item !== undefined) yield item;
  }
}
