import { failureOf, upstreamClient } from '../../../../test/support/upstream-client.js';
import { type UpstreamAnswer, success, UpstreamServer } from '../../../../test/support/upstream-server.js';

describe('UpstreamClient', () => {
  let upstream: UpstreamServer;
  beforeEach(async () => {
    upstream = await UpstreamServer.start();
  });
  afterEach(() => upstream.stop());

  const always = (answer: UpstreamAnswer | 'hang'): void => {
    upstream.answer = () => answer;
  };

  it('follows no redirect', async () => {
    const elsewhere = await UpstreamServer.start();
    always({ status: 307, headers: { location: elsewhere.registryUrl } });
    const { message, publicReason } = await failureOf(
      upstreamClient(upstream, { credentials: { apiKey: 'a-key' } }).register({ name: 'a' }),
    );
    expect(message).toContain('redirect');
    expect(publicReason).toBe('the upstream registry does not answer');
    expect(elsewhere.calls).toEqual([]);
    await elsewhere.stop();
  });

  it('waits for no answer longer than its time-out', async () => {
    always('hang');
    const began = performance.now();
    expect((await failureOf(upstreamClient(upstream, { timeoutMs: 100 }).register({ name: 'a' }))).message).toBe(
      'no complete response within 100 ms',
    );
    expect((await failureOf(upstreamClient(upstream).unregister('up-1', 50))).message).toBe(
      'no complete response within 50 ms',
    );
    expect(performance.now() - began).toBeLessThan(900);
  });

  it('reports the fault when nothing listens at the address', async () => {
    const own = upstreamClient(upstream);
    await upstream.stop();
    expect((await failureOf(own.register({ name: 'a' }))).message).toContain('ECONNREFUSED');
  });

  it('reads no more than two million bytes', async () => {
    always({ body: { data: { skill_id: 'up-1', more: 'x'.repeat(2_000_000) } } });
    expect((await failureOf(upstreamClient(upstream).register({ name: 'a' }))).message).toContain(
      'longer than 2000000 bytes',
    );
  });

  it('reads a registration, of registries that count no generations too', async () => {
    always(success({ skill_id: 'up-1', generation: 7, interval: 20 }));
    expect(await upstreamClient(upstream).register({})).toEqual({ skillId: 'up-1', generation: 7, interval: 20_000 });
    always(success({ skill_id: 'up-1', status: 'registered' }));
    expect(await upstreamClient(upstream).register({})).toEqual({ skillId: 'up-1' });
    always({ status: 409, body: { code: 1006 } });
    expect(await upstreamClient(upstream).register({})).toBe('taken');
  });

  it.each([
    [404, 'unknown'],
    [400, 'unknown'],
    [409, 'stale'],
    [200, 'ok'],
  ] as const)('reads %d as %s of a heartbeat', async (status, expected) => {
    always({ status, body: { data: { skill_id: 'up-1' } } });
    const beat = { endpoint_url: 'http://me', generation: 3, health: 'healthy' as const };
    expect(await upstreamClient(upstream).beat('up-1', beat)).toBe(expected);
    expect(upstream.calls[0]).toMatchObject({ path: '/skills/up-1/heartbeat', body: beat });
  });

  it('takes a batch that is refused as a whole for the fault of what is in it', async () => {
    for (const status of [400, 413, 500]) {
      always({ status, body: { code: 1001, message: 'no' } });
      expect(await upstreamClient(upstream).registerMany(['{"name":"a"}'])).toEqual({ refused: `${status} 1001 no` });
    }
    always({ status: 404 });
    expect((await failureOf(upstreamClient(upstream).registerMany(['{}']))).publicReason).toBe(
      'the upstream registry answers 404',
    );
  });

  it('lets go what is unknown upstream, and what it may not unregister', async () => {
    for (const status of [200, 404, 403]) {
      always({ status });
      await upstreamClient(upstream).unregister('up-1');
    }
    expect(upstream.calls[0]?.headers).not.toHaveProperty('content-type');
    always({ status: 500 });
    await failureOf(upstreamClient(upstream).unregister('up-1'));
  });

  const GARBAGE = ['', 'null', '[]', '{', '"data"', '<html>', '{"data":null}', '{"data":[]}', '{"code":0,"data":7}'];
  it.each([...GARBAGE, '{"data":{"skill_id":"../x"}}', '{"data":{"skill_id":"a","generation":"7"}}'])(
    'takes %j for no answer',
    async (body) => {
      always({ body });
      const own = upstreamClient(upstream);
      const calls = [
        own.register({}),
        own.beat('up-1', { endpoint_url: 'http://me', health: 'healthy' }),
        own.registerMany(['{}']),
        own.beatMany([{ skill_id: 'up-1', endpoint_url: 'http://me', health: 'healthy' }]),
      ];
      for (const call of calls) {
        const { message, publicReason } = await failureOf(call);
        expect(message).toContain('cannot be read');
        expect(publicReason).toBe('the upstream registry does not answer as it should');
      }
    },
  );

  it.each([
    ['too few', []],
    [
      'too many',
      [
        { index: 0, status: 'failed' },
        { index: 1, status: 'failed' },
        { index: 2, status: 'failed' },
      ],
    ],
    [
      'one twice',
      [
        { index: 0, status: 'failed' },
        { index: 0, status: 'failed' },
      ],
    ],
    [
      'no id',
      [
        { index: 0, status: 'created' },
        { index: 1, status: 'failed' },
      ],
    ],
    [
      'an unknown status',
      [
        { index: 0, status: 'failed' },
        { index: 1, status: 'perhaps', skill_id: 'a' },
      ],
    ],
    ['no objects', [null, 'failed']],
  ])('trusts no results of a batch with %s', async (_, results) => {
    always(success({ results }));
    await failureOf(upstreamClient(upstream).registerMany(['{}', '{}']));
  });

  it('puts the results of a batch in order', async () => {
    always(
      success({
        results: [
          { index: 1, status: 'failed', code: 1006, message: 'Skill already registered' },
          { index: 0, status: 'updated', skill_id: 'other' },
        ],
      }),
    );
    expect(await upstreamClient(upstream).registerMany(['{}', '{}'])).toEqual({
      results: [
        { status: 'registered', skillId: 'other' },
        { status: 'failed', message: '1006 Skill already registered' },
      ],
    });
  });

  it.each([
    ['too few', [{ skill_id: 'a', status: 'ok' }]],
    [
      'another order',
      [
        { skill_id: 'b', status: 'ok' },
        { skill_id: 'a', status: 'ok' },
      ],
    ],
    [
      'an unknown status',
      [
        { skill_id: 'a', status: 'ok' },
        { skill_id: 'b', status: 'fine' },
      ],
    ],
  ])('trusts no results of heartbeats with %s', async (_, results) => {
    always(success({ results }));
    const beat = { endpoint_url: 'http://me', health: 'healthy' as const };
    await failureOf(
      upstreamClient(upstream).beatMany([
        { skill_id: 'a', ...beat },
        { skill_id: 'b', ...beat },
      ]),
    );
  });

  it.each([
    [429, 7_000],
    [503, 7_000],
    [502, 0],
    [500, 0],
  ])('heeds Retry-After of %d: %d ms', async (status, ms) => {
    always({ status, headers: { 'retry-after': '7' } });
    expect((await failureOf(upstreamClient(upstream).register({}))).retryAfter).toBe(ms);
  });
});
