import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger, type LoggerService } from '@nestjs/common';
import { RedisSettings } from '#config';
import { ensureRedisBinary, type RedisServer, startRedisServer } from '../../../test/support/redis-server.js';
import { defineCacheKey } from './cache-key.js';
import { CacheProvider } from './cache.provider.js';
import { RedisConnection } from './redis.connection.js';

const key = defineCacheKey<{ kept: true }>('faults', 60);

let lines: string[] = [];
const recorder: LoggerService = {
  log: (message: string) => lines.push(`info ${message}`),
  warn: (message: string) => lines.push(`warn ${message}`),
  error: (message: string) => lines.push(`error ${message}`),
};

let server: RedisServer;
let redis: RedisConnection;
let cache: CacheProvider;

async function open(url: string): Promise<void> {
  redis = new RedisConnection(Object.assign(new RedisSettings(), { url }));
  cache = new CacheProvider(redis);
  await redis.onModuleInit();
}

async function until(condition: () => boolean | Promise<boolean>, withinMs = 8_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`);
    await delay(5);
  }
}

async function millisecondsOf(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

/** Whether Redis keeps a value. */
async function caches(id: string): Promise<boolean> {
  await cache.set(key, id, { kept: true });
  return (await cache.get(key, id)) !== undefined;
}

beforeAll(() => {
  ensureRedisBinary();
  Logger.overrideLogger(recorder);
}, 300_000);
beforeEach(async () => {
  lines = [];
  server = await startRedisServer();
});
afterEach(async () => {
  await redis.onApplicationShutdown();
  await server.stop();
});

describe('a Redis that hangs', () => {
  beforeEach(async () => {
    await open(server.url);
    expect(await caches('kept')).toBe(true);
    process.kill(server.pid, 'SIGSTOP');
  });

  it('costs one time-out, then nothing, and serves again when it goes on', async () => {
    expect(await millisecondsOf(() => cache.get(key, 'kept'))).toBeLessThan(1_000);
    const later = await millisecondsOf(async () => {
      for (let call = 0; call < 50; call++) {
        expect(await cache.get(key, 'kept')).toBeUndefined();
      }
    });
    // One time-out of 250 ms each would be 12,500.
    expect(later).toBeLessThan(1_000);
    expect(redis.isReady).toBe(false);
    await expect(redis.ping(100)).rejects.toMatchObject({ code: 1008, reason: 'does not answer' });

    process.kill(server.pid, 'SIGCONT');
    // The overdue answer ends it, long before a new connection would.
    await until(async () => (await cache.get(key, 'kept')) !== undefined, 1_000);
    await redis.ping(250);
    expect(lines).toEqual([
      'warn Redis is unavailable: it does not answer',
      expect.stringMatching(/^info Redis is available again after \d/),
    ]);
    expect(cache.stats().faults?.errors).toBeGreaterThanOrEqual(51);
  });

  it('lets all concurrent callers go in time', async () => {
    const calls = Array.from({ length: 200 }, (_, id) => `id-${id}`);
    const all = (): Promise<unknown> => Promise.all(calls.map((id) => cache.get(key, id)));
    expect(await millisecondsOf(all)).toBeLessThan(1_500);
  });

  it('does not hold up the end of the process', async () => {
    await cache.get(key, 'kept');
    expect(await millisecondsOf(() => redis.onApplicationShutdown())).toBeLessThan(900);
  });
});

describe('a process that stands still', () => {
  it('does not blame Redis', async () => {
    await open(server.url);
    const answer = redis.run((client) => client.ping());
    const end = performance.now() + 600;
    while (performance.now() < end);
    expect(await answer).toBe('PONG');
    expect(lines).toEqual([]);
  });
});

describe('a Redis that is gone', () => {
  it('is found again on the same port, with one warning and one line at the end', async () => {
    await open(server.url);
    expect(await caches('before')).toBe(true);
    await server.stop();
    await until(() => !redis.isReady);
    expect(await cache.get(key, 'before')).toBeUndefined();
    // Some attempts to connect fail in the meantime.
    await delay(300);
    server = await startRedisServer({ port: server.port });
    await until(() => caches('after'));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
  });

  it('does not keep the service from starting', async () => {
    await server.stop();
    expect(await millisecondsOf(() => open(server.url))).toBeLessThan(1_300);
    expect(redis.isConfigured).toBe(true);
    expect(redis.isReady).toBe(false);
    expect(await cache.get(key, 'down')).toBeUndefined();
    server = await startRedisServer({ port: server.port });
    await until(() => caches('up'));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
  });

  it('never shows the password', async () => {
    await open(server.url.replace('//', '//user:sesame@'));
    expect(lines).toEqual([expect.stringContaining('WRONGPASS')]);
    await expect(redis.ping(100)).rejects.toMatchObject({ reason: 'not connected' });
    expect(JSON.stringify(lines)).not.toContain('sesame');
  });
});

describe('a host that is lost without a word', () => {
  it('is replaced by a new connection, also when that one gets no answer at first', async () => {
    const sockets = new Set<Socket>();
    let silent = false;
    let connections = 0;
    const proxy = createServer((socket) => {
      sockets.add(socket.on('error', () => socket.destroy()));
      connections += 1;
      socket.on('close', () => (connections -= 1));
      if (silent) {
        socket.resume();
        return;
      }
      const upstream = connect(server.port, '127.0.0.1').on('error', () => socket.destroy());
      sockets.add(upstream);
      socket.pipe(upstream).pipe(socket);
    }).listen(0, '127.0.0.1');
    try {
      await once(proxy, 'listening');
      const address = proxy.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      await open(`redis://127.0.0.1:${address.port}`);
      expect(await caches('before')).toBe(true);

      silent = true;
      const lost = [...sockets];
      for (const socket of lost) socket.unpipe().resume();
      await cache.get(key, 'before');
      // The mute connection is given up, and then its successor, which hangs in the handshake.
      await until(() => sockets.size === lost.length + 2);
      silent = false;
      await until(() => caches('after'));
      expect(connections).toBe(1);
      expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
    } finally {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    }
  }, 20_000);
});
