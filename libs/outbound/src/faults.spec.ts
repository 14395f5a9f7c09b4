import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { endOutbound, rejection, outboundClient, serve, serveTcp } from '../../../test/support/outbound.js';
import { flood } from '../../../test/support/socket-skill.js';
import { until } from '../../../test/support/until.js';
import type { AddressLookup } from './guard/address-lookup.js';

describe('OutboundClient tells the fault', () => {
  afterEach(endOutbound);

  it('of a server that hangs: a time-out over all of it', async () => {
    const { url } = await serve(() => undefined);
    const slow = await serve((_, response) => {
      response.write('a');
      const timer = setInterval(() => response.write('a'), 20);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    const { call, valueOf } = outboundClient();
    for (const hanging of [url, slow.url]) {
      const began = performance.now();
      const fault = await rejection(call(`${hanging}/?secret=1`, { timeoutMs: 150 }));
      expect(fault).toMatchObject({ kind: 'timeout', sent: true });
      expect(fault.message).not.toContain('secret');
      expect(performance.now() - began).toBeLessThan(1_000);
    }
    await until(() => slow.connections.every(({ destroyed }) => destroyed), 2_000);
    expect(await valueOf('outbound_connections_open{protocol="http"}')).toBe(0);
  });

  it('of one that waits for a connection in vain', async () => {
    const { url } = await serve(() => undefined);
    const { call } = outboundClient({ maxConnections: 1 });
    const first = rejection(call(url, { timeoutMs: 400 }));
    expect(await rejection(call(url, { timeoutMs: 100 }))).toMatchObject({ kind: 'timeout', sent: false });
    expect(await first).toMatchObject({ kind: 'timeout', sent: true });
  });

  it('of a port on which nobody listens', async () => {
    const { url, server } = await serve(() => undefined);
    server.close();
    await once(server, 'close');
    expect(await rejection(outboundClient().call(url))).toMatchObject({
      kind: 'refused',
      sent: false,
      message: `no connection to ${url} (ECONNREFUSED)`,
    });
  });

  it('of a connection that does not come about in time', async () => {
    const never: AddressLookup = () => new Promise(() => undefined);
    const began = performance.now();
    const fault = await rejection(outboundClient({}, never).call('http://slow.test/', { connectTimeoutMs: 100 }));
    expect(fault).toMatchObject({ kind: 'refused', sent: false });
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('of a name that does not exist', async () => {
    const lookup: AddressLookup = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
    const fault = await rejection(outboundClient({}, lookup).call('http://nobody.test/?secret=1'));
    expect(fault).toMatchObject({ kind: 'unresolved', sent: false });
    expect(fault.message).toBe('nobody.test cannot be resolved (ENOTFOUND)');
  });

  it('of a connection that ends before an answer', async () => {
    const { url } = await serveTcp((socket) => {
      socket.resetAndDestroy();
    });
    expect(await rejection(outboundClient().call(url))).toMatchObject({ kind: 'reset-before-answer', sent: true });
  });

  it.each([
    ['in its headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
    ['in the last body of a connection', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nhalf'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('of an answer that breaks off %s', async (_, bytes) => {
    for (const end of ['destroy', 'resetAndDestroy'] as const) {
      const { url } = await serveTcp((socket) => {
        socket.write(bytes, () =>
          setTimeout(() => {
            socket[end]();
          }, 20),
        );
      });
      expect(await rejection(outboundClient().call(url))).toMatchObject({ kind: 'broken-answer', sent: true });
    }
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(5_000)}`],
    ['an upgrade that nobody asked for', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('of %s', async (_, bytes) => {
    const { url } = await serveTcp((socket) => {
      socket.write(bytes);
    });
    expect(await rejection(outboundClient().call(url))).toMatchObject({ kind: 'malformed', sent: true });
  });

  it('of an answer of 50 MB, of which little is read', async () => {
    const { url, connections } = await serve((request, response) => {
      if (request.url === '/told') response.setHeader('content-length', 50_000_000);
      const piece = Buffer.alloc(100_000);
      const write = (left: number): void => {
        if (left === 0) response.end();
        else {
          response.write(piece, (error) => {
            if (!error) write(left - 1);
          });
        }
      };
      write(500);
    });
    const { call } = outboundClient();
    for (const path of ['/told', '/untold']) {
      const before = process.memoryUsage().arrayBuffers;
      const fault = await rejection(call(url + path, { maxResponseBytes: 1_000_000 }));
      expect(fault).toMatchObject({ kind: 'too-large', sent: true });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    }
    await until(() => connections.every(({ destroyed }) => destroyed), 2_000);
    for (const { bytesWritten } of connections) expect(bytesWritten).toBeLessThan(20_000_000);
    expect(await call(`${url}/told`, { maxResponseBytes: 50_000_000 })).toMatchObject({ status: 200 });
  });

  it('of a caller that cancels', async () => {
    const { url, connections } = await serve(() => undefined);
    const caller = new AbortController();
    const fault = rejection(outboundClient().call(url, { signal: caller.signal }));
    await until(() => connections.length === 1);
    await delay(50);
    caller.abort();
    expect(await fault).toMatchObject({ kind: 'cancelled', sent: true });
    await until(() => connections.every(({ destroyed }) => destroyed), 2_000);
    expect(await rejection(outboundClient().call(url, { signal: caller.signal }))).toMatchObject({ kind: 'cancelled' });
  });

  describe('a server that never comes to an end', () => {
    const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    const CASES: [string, string, string, string][] = [
      ['informational answers', 'malformed', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
      ['headers', 'malformed', 'HTTP/1.1 200 OK\r\n', 'x-a: b\r\n'],
      ['headers of an informational answer', 'malformed', 'HTTP/1.1 103 Early Hints\r\n', 'x-a: b\r\n'],
      ['one header', 'malformed', 'HTTP/1.1 200 OK\r\nx-a: ', 'bbbbbbbb'],
      ['chunks of one byte', 'too-large', HEAD, '1\r\nx\r\n'],
      ['extensions of chunks', 'too-large', HEAD, `1;a=${'b'.repeat(500)}\r\nx\r\n`],
      ['one extension', 'too-large', `${HEAD}1;a=`, 'bbbbbbbb'],
      ['trailers', 'malformed', `${HEAD}0\r\n`, 'x-a: b\r\n'],
      ['one trailer', 'malformed', `${HEAD}0\r\nx-a: `, 'bbbbbbbb'],
    ];
    it.each(CASES)('with %s is %s, after a bounded number of bytes', async (_, kind, begin, part) => {
      const sockets: Socket[] = [];
      const server = await serveTcp((socket) => {
        sockets.push(socket);
        socket.write(begin);
        void flood(socket, Buffer.from(part), 64);
      });
      const { call } = outboundClient();
      const fault = await rejection(call(server.url, { maxResponseBytes: 10_000, timeoutMs: 20_000 }));
      expect(fault).toMatchObject({ kind, sent: true });
      await until(() => sockets.every(({ destroyed }) => destroyed), 10_000);
      // Buffers of the network hold some megabytes that nobody reads.
      expect(sockets[0]?.bytesWritten).toBeLessThan(32 * 2 ** 20);
    });

    it('is no WebSocket', async () => {
      const server = await serveTcp((socket) => void flood(socket, Buffer.from('HTTP/1.1 103 Hints\r\n\r\n'), 64));
      const { client } = outboundClient();
      const url = server.url.replace('http', 'ws');
      expect(await rejection(client.webSocket(url, { timeoutMs: 20_000, maxPayload: 100 }))).toMatchObject({
        kind: 'malformed',
      });
    });
  });
});
