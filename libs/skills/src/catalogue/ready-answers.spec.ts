import { ownBytes, type ReadyAnswer, ReadyAnswers } from './ready-answers.js';

const answer = (bytes: number): ReadyAnswer => ({
  start: { change: 0, at: 0 },
  skillId: undefined,
  route: '/',
  routeHeaders: {},
  headers: [],
  body: Buffer.alloc(bytes),
});

describe('ReadyAnswers', () => {
  it('never takes more bytes than it may; the least recently used goes first', () => {
    const answers = new ReadyAnswers(20_000);
    for (const key of ['a', 'b', 'c', 'd']) answers.set(key, answer(3_500));
    expect(answers.get('a')).toBeDefined();
    answers.set('e', answer(3_500));
    expect([answers.get('a') !== undefined, answers.get('b') !== undefined]).toEqual([true, false]);
    expect(answers.size).toBe(4);
    expect(answers.bytes).toBeLessThanOrEqual(20_000);
    expect(answers.bytes).toBeGreaterThan(16_000);
  });

  it('does not keep what would push out all the rest', () => {
    const answers = new ReadyAnswers(20_000);
    answers.set('a', answer(10));
    answers.set('large', answer(10_000));
    expect([answers.get('a') !== undefined, answers.get('large') !== undefined]).toEqual([true, false]);
  });

  it('holds no more memory than it counts, however short the answers are', () => {
    const bytes = ownBytes('Wetter für Köln');
    expect(bytes.toString()).toBe('Wetter für Köln');
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    // What it is for.
    expect(Buffer.from('short').buffer.byteLength).toBeGreaterThan(1_000);
  });

  it('counts long URLs too', () => {
    const answers = new ReadyAnswers(100_000);
    for (let number = 0; number < 100; number += 1) answers.set(`${number}${'x'.repeat(10_000)}`, answer(0));
    expect(answers.size).toBeLessThan(6);
  });
});
