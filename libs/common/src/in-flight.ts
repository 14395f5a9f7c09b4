/**
 * Work in progress. Not a Set or a Map: whenever one becomes empty, V8 gives it a new table, and the old ones keep their
 * contents alive until the next full garbage collection (docs/adr/0027). Callers bound its size.
 */
export class InFlight<T extends object> implements Iterable<T> {
  private readonly slots: (T | undefined)[] = [];
  private readonly free: number[] = [];

  /** Returns the slot of the item, for `remove`. */
  add(item: T): number {
    const slot = this.free.pop() ?? this.slots.length;
    this.slots[slot] = item;
    return slot;
  }

  /** Call it once for each added item. */
  remove(slot: number): void {
    this.slots[slot] = undefined;
    this.free.push(slot);
  }

  *[Symbol.iterator](): Generator<T> {
    for (const item of this.slots) if (item !== undefined) yield item;
  }
}
