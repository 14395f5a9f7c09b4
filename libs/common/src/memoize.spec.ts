import { memoize } from './memoize.js';

describe('memoize', () => {
  let computed: string[];
  const isLong = memoize((text) => {
    computed.push(text);
    return text.length > 5;
  });
  beforeEach(() => {
    computed = [];
  });

  it('computes once for a text, whatever the result', () => {
    expect([isLong('a'), isLong('a'), isLong('abcdef'), isLong('abcdef')]).toEqual([false, false, true, true]);
    expect(computed).toEqual(['a', 'abcdef']);
  });

  it('holds the last 1,000 texts, and none that is long', () => {
    const texts = Array.from({ length: 3_000 }, (_, index) => `text ${index}`);
    texts.forEach(isLong);
    computed = [];
    texts.slice(-1_000).forEach(isLong);
    expect(computed).toEqual([]);
    isLong('text 0');
    for (let times = 0; times < 2; times += 1) isLong('x'.repeat(257));
    expect(computed).toHaveLength(3);
  });
});
