import { endOutbound, rejection, outboundClient, serve } from '../../../../test/support/outbound.js';
import { until } from '../../../../test/support/until.js';
import type { AddressLookup } from './address-lookup.js';

describe('OutboundClient and addresses that others registered', () => {
  afterEach(endOutbound);

  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::1]',
    '0.0.0.0',
    '[::]',
    '169.254.169.254',
    'localhost',
    '１２７.０.０.１',
  ])('refuses %s', async (host) => {
    const { port, connections } = await serve((_, response) => response.end('inside'), '::');
    const { call, client, valueOf } = outboundClient({ allowedCidrs: [] });
    const fault = await rejection(call(`http://${host}:${port}/?secret=1`));
    expect(fault).toMatchObject({ kind: 'forbidden', sent: false });
    expect(fault.message).not.toContain('secret');
    expect(
      await rejection(client.webSocket(`ws://${host}:${port}/`, { timeoutMs: 5_000, maxPayload: 1_000 })),
    ).toMatchObject({ kind: 'forbidden', sent: false });
    expect(connections).toHaveLength(0);
    expect(await valueOf('outbound_refusals_total')).toBe(2);
  });

  it.each(['ftp://example.com/', 'file:///etc/passwd', 'ws://example.com/', 'http://u:p@example.com/', 'http://', 'x'])(
    'refuses %s',
    async (url) => {
      const fault = await rejection(outboundClient().call(url));
      expect(fault).toMatchObject({ kind: 'forbidden', sent: false });
      expect(fault.message).not.toContain('u:p');
    },
  );

  it('refuses a name that leads inside', async () => {
    const { port, connections } = await serve((_, response) => response.end('inside'));
    const { call } = outboundClient({ allowedCidrs: [] }, () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]));
    const fault = await rejection(call(`http://inside.test:${port}/`));
    expect(fault).toMatchObject({ kind: 'forbidden', sent: false });
    expect(fault.message).not.toContain('127.0.0.1');
    expect(connections).toHaveLength(0);
  });

  it('connects to what it has checked, though DNS says something else a moment later', async () => {
    const inside = await serve((_, response) => response.end('inside'), '127.0.0.1');
    const outside = await serve((_, response) => response.end('outside'), '127.0.0.2', inside.port);
    let lookups = 0;
    const rebinding: AddressLookup = () => {
      lookups += 1;
      return Promise.resolve([{ address: lookups === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }]);
    };
    // 127.0.0.2 stands for the internet.
    const { call, valueOf } = outboundClient({ allowedCidrs: ['127.0.0.2'] }, rebinding);
    const url = `http://rebinding.test:${inside.port}/`;
    expect((await call(url)).body.toString()).toBe('outside');
    expect(lookups).toBe(1);
    // The connection that stands is used; a new one is checked anew.
    expect((await call(url)).body.toString()).toBe('outside');
    outside.server.closeAllConnections();
    await until(async () => (await valueOf('outbound_connections_open{protocol="http"}')) === 0, 2_000);
    expect(await rejection(call(url))).toMatchObject({ kind: 'forbidden' });
    expect(inside.connections).toHaveLength(0);
  });

  it('connects to the addresses of a name that are allowed, and to no other', async () => {
    const inside = await serve((_, response) => response.end('inside'), '127.0.0.1');
    await serve((_, response) => response.end('outside'), '127.0.0.2', inside.port);
    const both = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    const { call } = outboundClient({ allowedCidrs: ['127.0.0.2/32'] }, () => Promise.resolve(both));
    expect((await call(`http://both.test:${inside.port}/`)).body.toString()).toBe('outside');
    expect(inside.connections).toHaveLength(0);
  });

  it('answers a redirect, and does not follow it', async () => {
    const paths: (string | undefined)[] = [];
    const { url } = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    });
    const answer = await outboundClient().call(`${url}/a`);
    expect(answer).toMatchObject({ status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data/' } });
    expect(paths).toEqual(['/a']);
  });
});
