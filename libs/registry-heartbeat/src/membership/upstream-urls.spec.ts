import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { findPublicUrl } from './public-url.js';
import { upstreamUrls } from './upstream-urls.js';

describe('upstreamUrls', () => {
  it.each([
    ['http://localhost:8080/api/v1/skills/register', 'http://localhost:8080/api/v1'],
    ['http://localhost:8080/api/v1/skills/register/', 'http://localhost:8080/api/v1'],
    ['https://registry.example.com/skills/register', 'https://registry.example.com'],
    ['https://example.com/a/b/skills/register?tenant=7#top', 'https://example.com/a/b'],
    ['https://example.com/registry/announce', 'https://example.com/registry'],
    ['https://example.com/registry/', 'https://example.com/registry'],
    ['https://example.com', 'https://example.com'],
    ['http://member:secret@example.com/skills/register', 'http://example.com'],
  ])('%s', (registryUrl, base) => {
    const urls = upstreamUrls(registryUrl);
    expect({ ...urls, register: undefined, heartbeat: urls.heartbeat('a'), unregister: urls.unregister('b') }).toEqual({
      batch: `${base}/skills/batch`,
      heartbeats: `${base}/heartbeats`,
      token: `${base}/auth/token`,
      heartbeat: `${base}/skills/a/heartbeat`,
      unregister: `${base}/skills/b/unregister`,
    });
  });

  it('leaves the address of the registration as it is, without credentials', () => {
    expect(upstreamUrls('http://me:secret@host/x/skills/register/?a=b').register).toBe(
      'http://host/x/skills/register/?a=b',
    );
  });

  it('lets no id leave its place', () => {
    expect(upstreamUrls('http://host/skills/register').heartbeat('../a?b')).toBe(
      'http://host/skills/..%2Fa%3Fb/heartbeat',
    );
  });
});

describe('findPublicUrl', () => {
  const at = (address: string): AddressInfo => ({ address, port: 4711, family: 'IPv4' });

  it.each([
    ['the setting, without a slash at its end', { publicUrl: 'https://r.example.com/', host: '0.0.0.0' }, '0.0.0.0'],
  ])('%s', (_, app, address) => {
    expect(findPublicUrl(app, at(address))).toBe('https://r.example.com');
  });

  it.each([
    ['0.0.0.0', '0.0.0.0', `http://${hostname()}:4711`],
    ['::', '::', `http://${hostname()}:4711`],
    ['127.0.0.1', '127.0.0.1', 'http://127.0.0.1:4711'],
    ['localhost', '127.0.0.1', 'http://localhost:4711'],
    ['::1', '::1', 'http://[::1]:4711'],
  ])('made from APP_HOST %s', (host, address, url) => {
    expect(findPublicUrl({ host }, at(address))).toBe(url);
  });

  it('is an https URL where the service speaks HTTPS', () => {
    expect(findPublicUrl({ host: '127.0.0.1' }, at('127.0.0.1'), 'https')).toBe('https://127.0.0.1:4711');
  });

  it('is not known before the service listens', () => {
    expect(findPublicUrl({ host: '0.0.0.0', publicUrl: 'https://r.example.com' }, null)).toBeUndefined();
  });
});
