import { failureOf, upstreamClient } from '../../../../test/support/upstream-client.js';
import { type UpstreamAnswer, UpstreamServer } from '../../../../test/support/upstream-server.js';

const CLIENT = { clientId: 'member', clientSecret: 'the-secret-of-member' };

describe('UpstreamCredentials', () => {
  let upstream: UpstreamServer;
  beforeEach(async () => {
    upstream = await UpstreamServer.start();
  });
  afterEach(() => upstream.stop());

  const always = (answer: UpstreamAnswer | 'hang'): void => {
    upstream.answer = () => answer;
  };

  it('are none by default', async () => {
    await upstreamClient(upstream).register({ name: 'a' });
    expect(upstream.calls[0]?.headers).not.toHaveProperty('authorization');
    expect(upstream.calls[0]?.headers).not.toHaveProperty('x-api-key');
  });

  it('are the key where there is one', async () => {
    await upstreamClient(upstream, { credentials: { apiKey: 'a-key', ...CLIENT } }).register({ name: 'a' });
    expect(upstream.paths).toEqual(['/skills/register']);
    expect(upstream.calls[0]?.headers).toMatchObject({ 'x-api-key': 'a-key' });
  });

  it('are a token of the token endpoint, which is asked once', async () => {
    const own = upstreamClient(upstream, { credentials: CLIENT });
    await Promise.all(['a', 'b', 'c'].map((name) => own.register({ name })));
    expect(upstream.of('/auth/token')).toHaveLength(1);
    expect(upstream.of('/auth/token')[0]?.headers['content-type']).toContain('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(upstream.calls[0]?.text))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'member',
      client_secret: 'the-secret-of-member',
    });
    for (const { headers } of upstream.of('/skills/register')) {
      expect(headers.authorization).toBe('Bearer a-token');
    }
  });

  it('are asked for again shortly before the token ends', async () => {
    upstream.answer = ({ path }) =>
      path === '/auth/token' ? { body: { access_token: 'short', token_type: 'bearer', expires_in: 0.5 } } : undefined;
    const own = upstreamClient(upstream, { credentials: CLIENT });
    await own.register({ name: 'a' });
    await own.register({ name: 'a' });
    await new Promise((resolve) => setTimeout(resolve, 510));
    await own.register({ name: 'a' });
    expect(upstream.of('/auth/token')).toHaveLength(2);
  });

  it('are renewed once when a token is refused', async () => {
    let tokens = 0;
    upstream.answer = ({ path, headers }) => {
      if (path === '/auth/token') {
        return { body: { access_token: `token-${(tokens += 1)}`, token_type: 'Bearer', expires_in: 3600 } };
      }
      return headers.authorization === 'Bearer token-1' ? { status: 401 } : undefined;
    };
    const own = upstreamClient(upstream, { credentials: CLIENT });
    await own.register({ name: 'a' });
    await Promise.all([own.register({ name: 'b' }), own.register({ name: 'c' })]);
    expect(tokens).toBe(2);
    expect(upstream.of('/skills/register').map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-2',
      'Bearer token-2',
    ]);
  });

  it('fail when the renewed token, or the key, is refused too', async () => {
    upstream.answer = ({ path }) => (path === '/auth/token' ? undefined : { status: 401 });
    const error = await failureOf(upstreamClient(upstream, { credentials: CLIENT }).register({ name: 'a' }));
    expect(error.message).toContain('AI_BRIDGE_CLIENT_SECRET');
    expect(upstream.paths).toEqual(['/auth/token', '/skills/register', '/auth/token', '/skills/register']);
    upstream.forgetCalls();
    await failureOf(upstreamClient(upstream, { credentials: { apiKey: 'a-key' } }).register({ name: 'a' }));
    expect(upstream.paths).toEqual(['/skills/register']);
  });

  it.each<[string, UpstreamAnswer]>([
    ['refuses them', { status: 401, body: { error: 'invalid_client', error_description: CLIENT.clientSecret } }],
    ['breaks down', { status: 500, body: CLIENT.clientSecret }],
    ['answers garbage', { body: '<html>' }],
    ['answers null', { body: null }],
    ['answers no token', { body: { token_type: 'Bearer' } }],
    ['answers a token that no header takes', { body: { access_token: 'a\nb', token_type: 'Bearer' } }],
    ['answers a token of another type', { body: { access_token: 'a', token_type: 'mac' } }],
  ])('never reach the log when the token endpoint %s', async (_, answer) => {
    upstream.answer = ({ path }) => (path === '/auth/token' ? answer : undefined);
    const error = await failureOf(upstreamClient(upstream, { credentials: CLIENT }).register({ name: 'a' }));
    expect(error.message + error.publicReason).not.toContain(CLIENT.clientSecret);
    expect(upstream.paths).toEqual(['/auth/token']);
  });

  it('are masked where the upstream repeats them', async () => {
    always({ status: 403, body: { code: 1003, message: `the key a-secret-key is weak` } });
    const error = await failureOf(
      upstreamClient(upstream, { credentials: { apiKey: 'a-secret-key' } }).register({ name: 'a' }),
    );
    expect(error.message).toBe('it answers 403 1003 the key *** is weak to the registration');
  });
});
