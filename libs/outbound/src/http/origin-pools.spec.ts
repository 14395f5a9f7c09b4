import { setTimeout as delay } from 'node:timers/promises';
import { endOutbound, rejection, outboundClient, serve, serveTcp } from '../../../../test/support/outbound.js';
import { until } from '../../../../test/support/until.js';
import type { OutboundError } from '../outbound-error.js';

describe('OutboundClient and its connections', () => {
  afterEach(endOutbound);

  it('goes on after a server has closed its idle connections', async () => {
    const { url, server, connections } = await serve((_, response) => response.end('x'));
    const { call, valueOf } = outboundClient();
    await call(url);
    server.closeIdleConnections();
    await until(async () => (await valueOf('outbound_connections_open{protocol="http"}')) === 0, 2_000);
    expect((await call(url)).status).toBe(200);
    expect(connections).toHaveLength(2);
  });

  it('goes on after answers that end their connection', async () => {
    const { url, connections } = await serve((_, response) => response.setHeader('connection', 'close').end('x'));
    const { call } = outboundClient({ maxConnections: 2 });
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(Array.from({ length: 4 }, () => call(url)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    }
    expect(connections).toHaveLength(12);
  });

  describe('with a server that closes idle connections', () => {
    const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx';

    it('sends a request once more over a fresh connection, also while others wait', async () => {
      // Each connection brings one answer, and closes when a second request comes.
      const used = new Set<number>();
      const { url } = await serveTcp((socket, connection) => {
        if (used.has(connection)) socket.destroy();
        else socket.write(ANSWER);
        used.add(connection);
      });
      const { call } = outboundClient({ maxConnections: 1 });
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.all([1, 2, 3].map(() => call(url, { method: 'POST', body: 'x' })));
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      }
      expect(used.size).toBe(9);
    });

    it('tells of one that closes without an answer over a fresh connection, too', async () => {
      let requests = 0;
      const { url } = await serveTcp((socket) => {
        requests += 1;
        if (requests === 1) socket.write(ANSWER);
        else socket.destroy();
      });
      const { call } = outboundClient();
      await call(url);
      expect(await rejection(call(url))).toMatchObject({ kind: 'reset-before-answer', sent: true });
      expect(requests).toBe(3);
      expect((await rejection(call(url))).kind).toBe('reset-before-answer');
      expect(requests).toBe(4);
    });

    it('closes first: before the time that the server tells, or after 1.5 s', async () => {
      const { url, connections } = await serve((request, response) => {
        if (request.url === '/told') response.setHeader('keep-alive', 'timeout=1');
        response.end('x');
      });
      const { call } = outboundClient();
      const began = performance.now();
      await call(`${url}/told`);
      await until(() => connections[0]?.destroyed === true, 900);
      expect(performance.now() - began).toBeGreaterThan(400);
    });
  });

  it('serves waiting requests although connections fail', async () => {
    const { url } = await serveTcp((socket, connection) => {
      if (connection % 2 === 1) socket.destroy();
      else socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx');
    });
    const { call } = outboundClient({ maxConnections: 1 });
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => call(url)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  });

  it('opens no more connections than allowed while each of them fails', async () => {
    let opening = 0;
    let most = 0;
    const lookup = async () => {
      opening += 1;
      most = Math.max(most, opening);
      await delay(5);
      opening -= 1;
      throw Object.assign(new Error('away'), { code: 'EAI_AGAIN' });
    };
    const { call } = outboundClient({ maxConnections: 4 }, lookup);
    const calls: Promise<OutboundError>[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 6; index += 1) calls.push(rejection(call('http://away.test/')));
      await delay(1);
    }
    for (const error of await Promise.all(calls)) expect(error.kind).toBe('unresolved');
    expect(most).toBe(4);
  });

  it('lets no more wait than it can serve', async () => {
    const { url } = await serve(() => undefined);
    const { call } = outboundClient({ maxConnections: 1 });
    const calls = Array.from({ length: 34 }, () => rejection(call(url, { timeoutMs: 300 })));
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'timeout')).toHaveLength(33);
  });

  it('closes idle connections of other origins when there are too many, and none in use', async () => {
    const hanging = await serve(() => undefined);
    const first = await serve((_, response) => response.end('x'));
    const second = await serve((_, response) => response.end('x'));
    const { call } = outboundClient({ maxOrigins: 2 });
    const inUse = rejection(call(hanging.url, { timeoutMs: 500 }));
    await call(first.url);
    await call(second.url);
    await until(() => first.connections.every(({ destroyed }) => destroyed), 2_000);
    expect(second.connections[0]?.destroyed).toBe(false);
    const more = rejection(call(hanging.url.replace('127.0.0.1', 'localhost'), { timeoutMs: 300 }));
    expect(await rejection(call(first.url))).toMatchObject({ kind: 'refused', sent: false });
    await Promise.all([inUse, more]);
    expect((await call(first.url)).status).toBe(200);
  });

  it.each([1, 4])(
    'keeps what hangs in one share from no other at the same origin, with %i connections',
    async (most) => {
      const { url, connections } = await serve((request, response) => {
        if (request.url !== '/hanging') response.end('x');
      });
      const { call } = outboundClient({ maxConnections: most });
      const hanging = Array.from({ length: most * 2 }, () =>
        rejection(call(`${url}/hanging`, { share: 'one', timeoutMs: 1_000 })),
      );
      await until(() => connections.length === most);
      expect((await rejection(call(url, { share: 'one', timeoutMs: 50 }))).kind).toBe('timeout');
      const others = await Promise.all(
        Array.from({ length: 8 }, () => call(url, { share: 'another', timeoutMs: 900 })),
      );
      expect(others.map(({ status }) => status)).toEqual(Array(8).fill(200));
      expect(connections).toHaveLength(2 * most);
      for (const fault of await Promise.all(hanging)) expect(fault.kind).toBe('timeout');
    },
  );

  it('ends with the service: idle connections, calls in flight and waiting calls; accepts no new ones', async () => {
    const { url, connections } = await serve((request, response) => {
      if (request.url === '/quick') response.end();
    });
    const { call, client } = outboundClient({ maxConnections: 2 });
    await call(`${url}/quick`);
    const calls = [0, 1, 2].map(() => rejection(call(url)));
    await until(() => connections.length === 2);
    await delay(20);
    client.onApplicationShutdown();
    for (const fault of await Promise.all(calls)) expect(fault.kind).toBe('cancelled');
    await until(() => connections.every(({ destroyed }) => destroyed), 2_000);
    expect(await rejection(call(url))).toMatchObject({ kind: 'cancelled', sent: false });
    expect(connections).toHaveLength(2);
  });
});
