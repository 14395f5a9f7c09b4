import { noneMatch, tagOf } from './entity-tag.js';

const TAG = '"7.2"';

describe('If-None-Match', () => {
  it.each([undefined, '', '"7.1"', '7.2', 'W/"7.1"'])('has nothing like it in %s', (header) => {
    expect(noneMatch(header, TAG)).toBe(true);
  });

  it.each(['*', TAG, `W/${TAG}`, `"1.1" , W/${TAG}`])('knows it in %s', (header) => {
    expect(noneMatch(header, TAG)).toBe(false);
  });
});

describe('the ETag of a body', () => {
  it('is a strong tag that only the same body has', () => {
    expect(tagOf('a')).toMatch(/^"[\w-]{22}"$/);
    expect(tagOf('a')).toBe(tagOf('a'));
    expect(tagOf('a')).not.toBe(tagOf('b'));
  });
});
