import { RefusalSums } from './refusal-sums.js';

describe('RefusalSums', () => {
  it('lets the first stand for itself, and sums up what follows within the window', () => {
    const sums = new RefusalSums<string>(60, 10);
    expect(sums.add('a', 'a1', 0)).toBe(true);
    for (const at of [1, 2, 59]) expect(sums.add('a', `a at ${at}`, at)).toBe(false);
    expect(sums.add('b', 'b1', 30)).toBe(true);
    expect(sums.take(59)).toEqual([]);
    expect(sums.take(60)).toEqual([{ last: 'a at 59', count: 3 }]);
    // Each once, and nothing of what was not repeated.
    expect(sums.take(1_000)).toEqual([]);
    expect(sums.add('a', 'a5', 1_000)).toBe(true);
  });

  it('begins anew when the window is over before somebody has taken its sum', () => {
    const sums = new RefusalSums<string>(60, 10);
    sums.add('a', 'a1', 0);
    sums.add('a', 'a2', 1);
    expect(sums.add('a', 'a3', 60)).toBe(true);
    expect(sums.take(61)).toEqual([{ last: 'a2', count: 1 }]);
  });

  it('holds a limited number of kinds, and loses none', () => {
    const [capacity, kinds, times] = [100, 5_000, 3];
    const sums = new RefusalSums<string>(1e9, capacity);
    let alone = 0;
    for (let kind = 0; kind < kinds; kind += 1) {
      for (let time = 0; time < times; time += 1) if (sums.add(`kind ${kind}`, '', kind)) alone += 1;
      expect(sums.isFull).toBe(kind >= capacity - 1);
    }
    const summed = sums.take(Number.POSITIVE_INFINITY).reduce((total, { count }) => total + count, 0);
    expect([alone, alone + summed]).toEqual([kinds, kinds * times]);
    expect(sums.isFull).toBe(false);
  });
});
