import { nameFault, showUnseen, toNfc } from './name.js';

describe('a name', () => {
  it.each([
    'weather',
    'weather skill 2',
    '@acme/weather',
    'caf\u00e9',
    'cafe\u0301',
    '天气 预报',
    '天気　予報',
    'погода',
    'ᬅᬓ᭄ᬱᬭ',
    '🌦️ weather',
    'weather 🌦️',
    '☀️',
    '1️⃣ first',
    '👩‍👩‍👧‍👦',
    '👩🏽‍🚀 crew',
    '❤️‍🔥',
    '🏳️‍🌈',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿 weather',
    '🇨🇭',
    'می\u200cخواهم',
    'क्\u200dष',
    'ශ්\u200dරී',
    '葛\u{E0100}',
  ])('may be %s', (name) => {
    expect(nameFault(name, 255)).toBeUndefined();
  });

  it.each<[string, string]>([
    ['weather ', 'must not begin or end with U+0020'],
    [' weather', 'must not begin or end with U+0020'],
    ['\u00a0weather\u3000', 'must not begin or end with U+00A0, U+3000'],
    ['weather\u200b', 'must not contain U+200B'],
    ['wea\u200bther', 'must not contain U+200B'],
    ['wea\u00adther', 'must not contain U+00AD'],
    ['\ufeffweather', 'must not contain U+FEFF; must not begin or end with U+FEFF'],
    ['wea\nther', 'must not contain U+000A'],
    ['wea\u0000ther', 'must not contain U+0000'],
    ['weather\u0085', 'must not contain U+0085'],
    ['wea\u2028ther', 'must not contain U+2028'],
    ['wea\u202ether', 'must not contain U+202E'],
    ['\u200fweather', 'must not contain U+200F'],
    ['wea\u2066ther\u2069', 'must not contain U+2066, U+2069'],
    ['weather\u200d', 'must not contain U+200D'],
    ['wea\u200dther', 'must not contain U+200D'],
    ['\u200d👩', 'must not contain U+200D'],
    ['👩\u200d', 'must not contain U+200D'],
    ['می\u200c', 'must not contain U+200C'],
    ['weather\ufe0f', 'must not contain U+FE0F'],
    ['\ufe0fweather', 'must not contain U+FE0F'],
    ['☀\ufe0f\ufe0f', 'must not contain U+FE0F'],
    ['v1\ufe0f', 'must not contain U+FE0F'],
    ['wea\u{E0061}ther', 'must not contain U+E0061'],
    ['🌦\u{E0061}\u{E007F}', 'must not contain U+E0061, U+E007F'],
    ['wea\u3164ther', 'must not contain U+3164'],
    ['wea\u2800ther', 'must not contain U+2800'],
    ['wea\ud83cther', 'must not contain U+D83C'],
    ['wea\u0001\u0002\u0003\u0004\u0005\u0006', 'must not contain U+0001, U+0002, U+0003, U+0004, U+0005 and others'],
    ['', 'must not be blank'],
    ['  ', 'must not be blank'],
    ['x'.repeat(256), 'must have at most 255 characters'],
  ])('must not be %j', (name, reason) => {
    expect(nameFault(name, 255)).toBe(reason);
  });

  it('is compared in NFC', () => {
    expect(toNfc('cafe\u0301')).toBe('caf\u00e9');
    expect(toNfc(7)).toBe(7);
    expect(toNfc('a\u0301'.repeat(2_000))).toHaveLength(4_000);
  });

  it('is shown with what nobody sees', () => {
    expect(showUnseen('wea\u200bther')).toBe('wea<U+200B>ther');
  });
});
