import { InFlight } from './in-flight.js';

describe('InFlight', () => {
  it('holds what was added and not taken out, in slots that are used again', () => {
    const inFlight = new InFlight<{ name: string }>();
    const slots = ['a', 'b', 'c'].map((name) => inFlight.add({ name }));
    expect(new Set(slots).size).toBe(3);
    inFlight.remove(slots[1] ?? -1);
    expect([...inFlight].map(({ name }) => name)).toEqual(['a', 'c']);
    expect(inFlight.add({ name: 'd' })).toBe(slots[1]);
    expect([...inFlight].map(({ name }) => name).sort()).toEqual(['a', 'c', 'd']);
  });

  it('may lose some while it is looked through', () => {
    const inFlight = new InFlight<{ slot: number }>();
    for (let number = 0; number < 10; number += 1) {
      const item = { slot: -1 };
      item.slot = inFlight.add(item);
    }
    for (const { slot } of inFlight) inFlight.remove(slot);
    expect([...inFlight]).toEqual([]);
  });
});
