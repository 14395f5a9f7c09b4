import fc from 'fast-check';
import { asciiTerms, searchDocument, searchQuery, searchTerms, unicodeTerms } from './search-document.js';

const texts = (text: string) => searchTerms(text).map(({ text: term }) => term);

describe('search terms', () => {
  it.each<[string, string[]]>([
    ['Weather forecast', ['weather', 'forecast']],
    ['getHourlyForecast', ['gethourlyforecast', 'get', 'hourly', 'forecast']],
    ['天气预报', ['天气预报']],
    ['weather天气API', ['weather', '天气', 'api']],
    ['ＦＵＬＬ　width', ['full', 'width']],
    ['größer é e\u0301', ['größer', 'é', 'é']],
    ['한국어 テスト', ['한국어', 'テスト']],
    ['v2.1', ['v2', '1']],
    ["a'b\\c:*&|!()<->", ['a', 'b', 'c']],
    ['🌦️ !? ...', []],
    ['', []],
  ])('of "%s" are %j', (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  it('have a limit: nobody searches by more than 64 characters', () => {
    expect(texts('x'.repeat(1000))).toEqual(['x'.repeat(64)]);
    expect(texts('𐐨'.repeat(100))).toEqual(['𐐨'.repeat(64)]);
  });

  it('of ASCII are the same the short way', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 100 }),
      fc.string({ unit: fc.constantFrom('a', 'B', '1', '_', ' ', '\u0000'), maxLength: 200 }),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(asciiTerms(value)).toEqual(unicodeTerms(value));
      }),
    );
  });
});

const skill = (name: string, description = '') => ({ name, description, capabilities: [] });

describe('searchDocument', () => {
  it('weighs the name most, and leaves a gap between texts', () => {
    const document = searchDocument({
      name: 'a',
      description: 'd',
      capabilities: [{ name: 'b', description: 'e', category: 'c' }],
    });
    expect(document).toBe("'a':1A 'b':4B 'c':7C 'd':10C 'e':13D");
  });

  it('indexes pairs of Chinese characters, and the last alone', () => {
    expect(searchDocument(skill('天气预'))).toBe("'天气':1A '气预':2A '预':3A");
  });

  it('stops at the last position that PostgreSQL has', () => {
    const positions = [...searchDocument(skill('天'.repeat(20_000))).matchAll(/:(\d+)A/g)].map((match) =>
      Number(match[1]),
    );
    expect(Math.max(...positions)).toBeLessThanOrEqual(16_383);
  });
});

describe('searchQuery', () => {
  it.each([
    ['weather fore', "'weather':* & 'fore':*"],
    ['天', "'天':*"],
    ['天气预报', "('天气' <-> '气预' <-> '预报')"],
  ])('of "%s" is %s', (text, expected) => {
    expect(searchQuery(text)).toBe(expected);
  });

  it('has a limit of terms', () => {
    expect(searchQuery(Array.from({ length: 40 }, (_, n) => `w${n}`).join(' ')).split(' & ')).toHaveLength(16);
  });

  it('never lets a character out of its quotes, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const quoted = searchQuery(text).replace(/'[\p{L}\p{N}\p{M}]+'/gu, 'T');
        expect(quoted).toMatch(/^(|(T:\*|\(T( <-> T)*\))( & (T:\*|\(T( <-> T)*\)))*)$/);
        expect(searchDocument(skill(text)).replace(/'[\p{L}\p{N}\p{M}]+'/gu, 'T')).toMatch(/^(T:\d+A( T:\d+A)*)?$/);
      }),
      { seed: 20_261_123, numRuns: 500 },
    );
  });
});
