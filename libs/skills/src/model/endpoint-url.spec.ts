import { appendQuery, urlBelow } from './endpoint-url.js';

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

describe('appendQuery', () => {
  it.each([
    ['http://a', {}, 'http://a'],
    ['http://a', { health_path: '/x', query: 'x' }, 'http://a'],
    ['http://a', { 'query.api_key': 's' }, 'http://a/?api_key=s'],
    ['http://a/b?x=1', { 'query.b': '2', 'query.a': '' }, 'http://a/b?x=1&a=&b=2'],
    ['wss://a/b?x=1', { 'query.x': '2' }, 'wss://a/b?x=1&x=2'],
    ['http://a', { 'query.k&=': 'a b&c=d#e\r\n/?é' }, 'http://a/?k%26%3D=a%20b%26c%3Dd%23e%0D%0A%2F%3F%C3%A9'],
  ])('to %s of %j is %s', (url, parameters, expected) => {
    expect(appendQuery(url, parameters as Record<string, string>)).toBe(expected);
  });
});
