import fc from 'fast-check';
import { canonicalUrl, selectByUrl, urlFault } from './url.js';

const HTTP = { schemes: ['http', 'https', 'ws', 'wss'], max: 512 };

describe('canonicalUrl', () => {
  it.each([
    ['http://localhost:9301', ['HTTP://LOCALHOST:9301', 'http://localhost:9301/', 'http://LocalHost:9301/./']],
    ['http://localhost', ['http://localhost:80', 'http://localhost:80/', 'http://localhost:/', 'http://%6Cocalhost']],
    ['https://a/b', ['https://A:443/b', 'https://a/./b', 'https://a/c/../b', 'https://a/%62', 'https://a/c/%2e%2e/b']],
    ['ws://a', ['ws://a:80', 'WS://A/']],
    ['wss://a', ['wss://a:443/']],
    [
      'http://xn--mnchen-3ya.example',
      ['http://münchen.example', 'http://MÜNCHEN.example/', 'http://mu\u0308nchen.example'],
    ],
    ['http://[::1]:9301', ['http://[0:0:0:0:0:0:0:1]:9301', 'http://[0000::0001]:9301/']],
    ['http://[2001:db8::a]', ['http://[2001:DB8:0:0:0:0:0:A]:80']],
    ['http://127.0.0.1:81', ['http://0x7f.1:81', 'http://2130706433:81/']],
    ['http://a/%2F?x=%2F', ['http://a/%2f?%78=%2f']],
    ['http://a?x=1', ['http://a/?x=1', 'http://a:80?x=1']],
    ['http://a/b~c', ['http://a/b%7Ec', 'http://a/b%7ec']],
  ])('of %s and of its other spellings is the same', (key, others) => {
    for (const url of [key, ...others]) expect(canonicalUrl(url)).toBe(key);
  });

  it.each([
    ['http://a', 'https://a'],
    ['http://a', 'ws://a'],
    ['http://a', 'http://a:443'],
    ['http://a/b', 'http://a/b/'],
    ['http://a/b', 'http://a/B'],
    ['http://a/b%2Fc', 'http://a/b/c'],
    ['http://a?x=1', 'http://a?x=2'],
    ['http://a', 'http://b'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(canonicalUrl(one)).not.toBe(canonicalUrl(other));
  });

  it('is its own canonical form, and means the same address', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        const key = canonicalUrl(url);
        expect(canonicalUrl(key)).toBe(key);
        expect(new URL(key).host).toBe(new URL(url).host);
      }),
      { numRuns: 30 },
    );
  });

  it('of a text that is no URL is the text', () => {
    expect(canonicalUrl('nothing')).toBe('nothing');
  });
});

describe('selectByUrl', () => {
  const items = [{ url: 'http://A/' }, { url: 'http://b' }];

  it('finds the same spelling before others', () => {
    expect(selectByUrl([...items, { url: 'http://a' }], 'http://a')).toEqual([{ url: 'http://a' }]);
    expect(selectByUrl(items, 'http://a')).toEqual([{ url: 'http://A/' }]);
    expect(selectByUrl(items, 'http://c')).toEqual([]);
  });
});

describe('urlFault', () => {
  it.each([
    'http://localhost:0',
    'https://a:00/',
    'http://',
    'http:///path',
    'http://:80',
    'http://?x',
    'http://./',
    'http://../x',
    'http:a',
    'http:\\\\a',
    'ftp://a',
    'http://user@a',
    'http://:secret@a',
    'http://a#b',
    'http://a b',
  ])('refuses %s', (url) => {
    expect(urlFault(url, HTTP)).toEqual(expect.stringMatching(/^must /));
  });

  it('never repeats what it refuses', () => {
    expect(urlFault('http://user:hunter2@a/?key=hunter2', HTTP)).not.toContain('hunter2');
  });
});
