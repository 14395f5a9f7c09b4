import type { Socket } from 'node:net';
import { endOutbound, rejection, outboundClient, serve } from '../../../test/support/outbound.js';

describe('OutboundClient', () => {
  afterEach(endOutbound);

  it('sends what it is given and no more, and answers status, headers and body', async () => {
    const seen: unknown[] = [];
    const { url, port } = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push(request.method, request.url, request.headers, Buffer.concat(chunks).toString());
        response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-a': 'b' });
        response.end('made');
      });
    });
    const answer = await outboundClient().call(`${url}/a/b?c=d#e`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"x":1}',
    });
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.body.toString()).toBe('made');
    expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-a': 'b' });
    expect(seen).toEqual([
      'POST',
      '/a/b?c=d',
      {
        host: `127.0.0.1:${port}`,
        connection: 'keep-alive',
        'user-agent': expect.stringMatching(/^ooder-skill\/0\.\d+\.\d+$/),
        'content-type': 'application/json',
        'content-length': '7',
      },
      '{"x":1}',
    ]);
  });

  it('keeps no cookie', async () => {
    const cookies: unknown[] = [];
    const { url } = await serve((request, response) => {
      cookies.push(request.headers.cookie);
      response.setHeader('set-cookie', 'session=1; Path=/').end();
    });
    const { call } = outboundClient();
    await call(url);
    await call(url);
    expect(cookies).toEqual([undefined, undefined]);
  });

  it('keeps a connection alive and uses it again', async () => {
    const { url, connections } = await serve((_, response) => response.end('x'));
    const { call, valueOf } = outboundClient();
    for (let index = 0; index < 10; index += 1) await call(url);
    expect(connections).toHaveLength(1);
    expect(await valueOf('outbound_connections_open{protocol="http"}')).toBe(1);
  });

  it('opens no more connections than allowed, never has two requests on one, and serves waiting requests', async () => {
    const inFlight = new Map<Socket, number>();
    let most = 0;
    const { url, connections } = await serve((request, response) => {
      const there = (inFlight.get(request.socket) ?? 0) + 1;
      inFlight.set(request.socket, there);
      most = Math.max(most, there);
      setTimeout(() => {
        inFlight.set(request.socket, there - 1);
        response.end('x');
      }, 5);
    });
    const { call } = outboundClient({ maxConnections: 3 });
    const answers = await Promise.all(Array.from({ length: 30 }, () => call(url)));
    expect(answers.map(({ status }) => status)).toEqual(new Array(30).fill(200));
    expect(connections).toHaveLength(3);
    expect(most).toBe(1);
  });

  it('calls an IPv6 address', async () => {
    const { url } = await serve((_, response) => response.end('six'), '::1');
    expect((await outboundClient().call(url)).body.toString()).toBe('six');
  });

  it('answers HEAD, and what has no body', async () => {
    const { url } = await serve((request, response) => {
      if (request.method === 'HEAD') response.setHeader('content-length', 1e9).end();
      else response.writeHead(204).end();
    });
    const { call } = outboundClient();
    expect((await call(url, { method: 'HEAD' })).headers['content-length']).toBe('1000000000');
    expect(await call(url)).toMatchObject({ status: 204, body: Buffer.alloc(0) });
  });

  it('does not send what HTTP does not allow', async () => {
    const { call } = outboundClient();
    const fault = await rejection(call('http://127.0.0.1:1', { headers: { 'x-a': 'a\r\nx-b: b' } }));
    expect(fault).toBeInstanceOf(TypeError);
    expect(await rejection(call('http://127.0.0.1:1', { method: 'G T' }))).toBeInstanceOf(TypeError);
  });
});
