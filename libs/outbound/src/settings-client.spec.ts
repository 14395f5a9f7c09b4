import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SettingsClient, settingsAgent } from './settings-client.js';
import { SettingsGuard } from './guard/settings-guard.js';

describe('addresses that the settings name', () => {
  const guard = new SettingsGuard();

  it.each([
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '172.16.5.5',
    '192.168.1.1',
    '100.64.0.1',
    'fd12::1',
    '8.8.8.8',
    '2606:4700::1111',
    '::ffff:10.0.0.1',
    '64:ff9b::8.8.8.8',
  ])('may be called: %s', (address) => {
    expect(guard.findRefusal(address)).toBeUndefined();
  });

  it.each([
    '169.254.169.254',
    '169.254.0.1',
    'fe80::1',
    '::ffff:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '240.0.0.1',
    '192.0.2.1',
    '2001:db8::1',
    '::a9fe:a9fe',
  ])('are never called: %s', (address) => {
    expect(guard.findRefusal(address)).toEqual(expect.any(String));
  });

  describe('when they are called', () => {
    let server: Server;
    let port: number;
    let asked: string[];
    beforeEach(async () => {
      asked = [];
      server = createServer(({ url = '' }, response) => {
        asked.push(url);
        if (url === '/away') response.writeHead(302, { location: '/elsewhere' }).end();
        else if (url === '/long') response.end('x'.repeat(1_001));
        else if (url !== '/hang') response.end('hello');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      ({ port } = server.address() as AddressInfo);
    });
    afterEach(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });

    const lookup = (hostname: string) =>
      Promise.resolve([{ address: hostname === 'metadata.internal' ? '169.254.169.254' : '127.0.0.1', family: 4 }]);
    const ask = (calls: SettingsClient, url: string) =>
      calls.request({ method: 'GET', url, headers: {}, timeoutMs: 300, maxResponseBytes: 1_000 });

    it('answer, are not followed elsewhere, and cost bounded time and memory', async () => {
      const calls = new SettingsClient(lookup);
      const base = `http://registry.internal:${port}`;
      expect((await ask(calls, `${base}/`)).body.toString()).toBe('hello');
      expect((await ask(calls, `${base}/away`)).status).toBe(302);
      await expect(ask(calls, `${base}/long`)).rejects.toMatchObject({ kind: 'too-large' });
      await expect(ask(calls, `${base}/hang`)).rejects.toMatchObject({ kind: 'timeout' });
      expect(asked).toEqual(['/', '/away', '/long', '/hang']);
      calls.onApplicationShutdown();
    });

    it('are refused where a name leads to what must not be called, whatever the settings of others allow', async () => {
      const calls = new SettingsClient(lookup);
      for (const url of [`http://metadata.internal:${port}/`, 'http://169.254.169.254/latest/', 'http://[fe80::1]/']) {
        await expect(ask(calls, url)).rejects.toMatchObject({ kind: 'forbidden' });
      }
      calls.onApplicationShutdown();
    });

    it('are dialed in the same way by the agent for a library', async () => {
      const through = (url: string): Promise<unknown> =>
        new Promise((resolve) => {
          const request = get(url, { agent: settingsAgent(url, {}, lookup) }, (response) => {
            response.resume().once('end', () => {
              resolve(response.statusCode);
            });
          });
          request.once('error', ({ message }) => {
            resolve(message);
          });
        });
      expect(await through(`http://collector.internal:${port}/`)).toBe(200);
      expect(await through(`http://metadata.internal:${port}/`)).toContain('must not be called');
      expect(await through('http://169.254.169.254/v1/traces')).toContain('must not be called');
      expect(asked).toEqual(['/']);
    });
  });
});
