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
