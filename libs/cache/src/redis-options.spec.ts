import { RedisSettings } from '#config';
import { describeFault, redisClientOptions, retryDelay } from './redis-options.js';

function settingsOf(url?: string, maxConnections = 50): RedisSettings {
  return Object.assign(new RedisSettings(), { url, maxConnections });
}

describe('redisClientOptions', () => {
  it('takes every part of the URL', () => {
    expect(redisClientOptions(settingsOf('rediss://us%40er:p%3Aw@[::1]:7000/3', 10))).toMatchObject({
      username: 'us@er',
      password: 'p:w',
      database: 3,
      socket: { host: '::1', port: 7000, tls: true },
      disableOfflineQueue: true,
      isolationPoolOptions: { max: 8 },
    });
  });

  it('is undefined without a URL', () => {
    expect(redisClientOptions(settingsOf())).toBeUndefined();
  });

  it.each(['redis://u:sesame%zz@localhost', 'redis://u:sesame@localhost:99999'])('tells no secret of %s', (url) => {
    const fault = (): unknown => redisClientOptions(settingsOf(url));
    expect(fault).toThrow('REDIS_URL');
    expect(fault).not.toThrow('sesame');
  });
});

describe('retryDelay', () => {
  it('grows up to 2 s and stays there', () => {
    const delays = Array.from({ length: 2_000 }, (_, retries) => retryDelay(retries));
    expect(delays[0]).toBeLessThanOrEqual(50);
    expect(Math.max(...delays)).toBeLessThanOrEqual(2_000);
    expect(Math.min(...delays.slice(6))).toBeGreaterThanOrEqual(1_000);
  });
});

describe('describeFault', () => {
  it('hides the password', () => {
    const error = new Error("ERR unknown command 'AUTH', with args beginning with: 'sesame'");
    expect(describeFault(error, settingsOf('redis://:sesame@localhost'))).toContain("'***'");
  });

  it('falls back on the code of an error without message', () => {
    const error = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(describeFault(error, settingsOf('redis://localhost'))).toBe('ECONNREFUSED');
  });
});
