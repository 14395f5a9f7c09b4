import type { AddressInfo } from 'node:net';
import { findPublicUrl } from './public-url.js';

describe('findPublicUrl', () => {
  const at = (address: string): AddressInfo => ({ address, port: 4711, family: 'IPv4' });

  it('is the setting', () => {
    const app = { publicUrl: 'https://r.example.com', host: '0.0.0.0' };
    expect(findPublicUrl(app, at('0.0.0.0'), 'http', 'me')).toBe('https://r.example.com');
  });

  it.each([
    ['0.0.0.0', '0.0.0.0', 'http://me:4711'],
    ['::', '::', 'http://me:4711'],
    ['127.0.0.1', '127.0.0.1', 'http://127.0.0.1:4711'],
    ['localhost', '127.0.0.1', 'http://localhost:4711'],
    ['::1', '::1', 'http://[::1]:4711'],
  ])('made from APP_HOST %s', (host, address, url) => {
    expect(findPublicUrl({ host }, at(address), 'http', 'me')).toBe(url);
  });

  it('is an https URL where the service speaks HTTPS', () => {
    expect(findPublicUrl({ host: '127.0.0.1' }, at('127.0.0.1'), 'https', 'me')).toBe('https://127.0.0.1:4711');
  });

  it('is not known before the service listens', () => {
    expect(findPublicUrl({ host: '0.0.0.0', publicUrl: 'https://r.example.com' }, null, 'http', 'me')).toBeUndefined();
  });
});
