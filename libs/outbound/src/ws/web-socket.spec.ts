import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { endOutbound, rejection, outboundClient, serve, serveTcp } from '../../../../test/support/outbound.js';
import { until } from '../../../../test/support/until.js';

describe('OutboundClient opens WebSockets', () => {
  afterEach(endOutbound);

  const limits = { timeoutMs: 2_000, maxPayload: 1_000 };

  /** What answers each message with itself, and the headers of its handshakes. */
  async function serveEcho() {
    const { server, port } = await serve((_, response) => response.writeHead(404).end());
    const echo = new WebSocketServer({ server });
    const headers: unknown[] = [];
    echo.on('connection', (webSocket, request) => {
      headers.push(request.headers['x-a']);
      webSocket.on('message', (data: Buffer) => {
        webSocket.send(data.toString().repeat(data.toString().startsWith('long') ? 1_000 : 1));
      });
    });
    return { url: `ws://127.0.0.1:${port}/`, headers, echo, port };
  }

  it('that carry messages both ways, and are counted', async () => {
    const { url, headers } = await serveEcho();
    const { client, valueOf } = outboundClient();
    const webSocket = await client.webSocket(url, { ...limits, headers: { 'x-a': 'b' } });
    webSocket.send('hello');
    const [data] = (await once(webSocket, 'message')) as [Buffer];
    expect([data.toString(), headers]).toEqual(['hello', ['b']]);
    expect(await valueOf('outbound_connections_open{protocol="ws"}')).toBe(1);
    webSocket.close();
    await once(webSocket, 'close');
    expect(await valueOf('outbound_connections_open{protocol="ws"}')).toBe(0);
  });

  it('that end when a message is too long, without an error that nobody listens to', async () => {
    const { url } = await serveEcho();
    const webSocket = await outboundClient().client.webSocket(url, limits);
    const closed = new Promise((resolve) => webSocket.once('close', resolve));
    webSocket.send('long');
    expect(await closed).toBe(1006);
  });

  it('that end with the service', async () => {
    const { url, echo } = await serveEcho();
    const { client } = outboundClient();
    const webSocket = await client.webSocket(url, limits);
    client.onApplicationShutdown();
    await once(webSocket, 'close');
    await until(() => echo.clients.size === 0, 2_000);
    expect(await rejection(client.webSocket(url, limits))).toMatchObject({ kind: 'cancelled' });
  });

  it('on checked addresses of a name only', async () => {
    const { port, echo } = await serveEcho();
    const lookup = (address: string) => () => Promise.resolve([{ address, family: 4 }]);
    const url = `ws://name.test:${port}/`;
    const inside = outboundClient({ allowedCidrs: [] }, lookup('127.0.0.1')).client;
    expect(await rejection(inside.webSocket(url, limits))).toMatchObject({ kind: 'forbidden', sent: false });
    expect(echo.clients.size).toBe(0);
    const allowed = outboundClient({}, lookup('127.0.0.1')).client;
    const webSocket = await allowed.webSocket(url, limits);
    expect(webSocket.readyState).toBe(webSocket.OPEN);
  });

  it('and follows no redirect', async () => {
    const paths: (string | undefined)[] = [];
    const { server, port } = await serve(() => undefined);
    server.on('upgrade', (request, socket: Socket) => {
      paths.push(request.url);
      socket.end('HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n');
    });
    const fault = await rejection(outboundClient().client.webSocket(`ws://127.0.0.1:${port}/a?secret=1`, limits));
    expect(fault).toMatchObject({ kind: 'malformed', sent: true, status: 302 });
    expect(fault.message).not.toContain('secret');
    expect(paths).toEqual(['/a?secret=1']);
  });

  it('or says what was the matter', async () => {
    const { client } = outboundClient();
    const hanging = await serveTcp(() => undefined);
    const resetting = await serveTcp((socket) => {
      socket.resetAndDestroy();
    });
    const talking = await serveTcp((socket) => {
      socket.write('SSH-2.0-OpenSSH_9.6\r\n');
    });
    const kindOf = async (port: number, timeoutMs = 2_000) =>
      rejection(client.webSocket(`ws://127.0.0.1:${port}/`, { ...limits, timeoutMs }));
    expect(await kindOf(hanging.port, 100)).toMatchObject({ kind: 'timeout', sent: true });
    expect(await kindOf(resetting.port)).toMatchObject({ kind: 'reset-before-answer', sent: true });
    expect(await kindOf(talking.port)).toMatchObject({ kind: 'malformed', sent: true });
    const closed = await serve(() => undefined);
    closed.server.close();
    await once(closed.server, 'close');
    expect(await kindOf(closed.port)).toMatchObject({ kind: 'refused', sent: false });
  });
});
