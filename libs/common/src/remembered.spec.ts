import { Remembered } from './remembered.js';

describe('Remembered', () => {
  const asked: string[] = [];
  const lengths = new Remembered((text) => {
    asked.push(text);
    return { length: text.length };
  }, 10);
  const askedFor = (text: string): number => {
    const before = asked.length;
    expect(lengths.of(text)).toEqual({ length: text.length });
    return asked.length - before;
  };

  it('asks once for a text, and each time for one that is too long', () => {
    expect([askedFor('one'), askedFor('one')]).toEqual([1, 0]);
    expect([askedFor('eleven chars'), askedFor('eleven chars')]).toEqual([1, 1]);
  });

  it('still knows a thousand others later what is asked for now and then, and forgets what is not', () => {
    askedFor('often');
    askedFor('once');
    for (let number = 0; number < 5_000; number += 1) {
      askedFor(`n-${number}`);
      if (number % 900 === 0) expect(askedFor('often')).toBe(0);
    }
    expect(askedFor('n-4500')).toBe(0);
    expect(askedFor('once')).toBe(1);
  });
});
