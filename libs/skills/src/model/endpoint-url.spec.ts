import { urlBelow } from './endpoint-url.js';

describe('urlBelow', () => {
  it.each([
    ['http://a', '/health', 'http://a/health'],
    ['http://a/', 'health', 'http://a/health'],
    ['https://a:8443/base//', '/health', 'https://a:8443/base/health'],
    ['http://a/base?tenant=7', '/health', 'http://a/base/health?tenant=7'],
    ['http://a/base?tenant=7', '/health?deep=true&x=1', 'http://a/base/health?tenant=7&deep=true&x=1'],
    ['http://a/', '/health?q=a?b', 'http://a/health?q=a?b'],
    ['http://a/', '/a b#c', 'http://a/a%20b%23c'],
    ['http://a/', '//evil.example/health', 'http://a//evil.example/health'],
    ['http://a/', 'http://evil.example/', 'http://a/http://evil.example/'],
    ['http://a/base/', '', 'http://a/base/'],
  ])('of %s and %j is %s', (endpoint, path, expected) => {
    expect(urlBelow(endpoint, path)).toBe(expected);
  });
});
