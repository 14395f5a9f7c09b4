import { setTimeout as delay } from 'node:timers/promises';
import { RedisConnection, RedisUnavailableError } from '#cache';
import { DatabaseSettings, RedisSettings } from '#config';
import { dataSourceOptions } from '#database';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { AUTH_ENTITIES } from '../auth.entities.js';
import { ClientEntity } from '../clients/client.entity.js';
import { PostgresSessionStore } from './postgres-session-store.js';
import { RedisSessionStore } from './redis-session-store.js';
import type { Session, SessionStore } from './session-store.js';

const hash = (digit: string) => digit.repeat(64);
const inMs = (ms: number) => new Date(Date.now() + ms);
const previous = { tokenHash: hash('a'), sealedPair: 'c2VhbGVk', graceUntil: inMs(5_000) };

describe('SessionStore', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let server: RedisServer;
  let redis: RedisConnection;
  const clientUuid = uuidv7();

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource(
      dataSourceOptions(database.url, new DatabaseSettings(), AUTH_ENTITIES),
    ).initialize();
    await dataSource
      .getRepository(ClientEntity)
      .insert({ id: clientUuid, clientId: 'me', name: 'Me', role: 'viewer', secretHash: 'none' });
    server = await startRedisServer();
    redis = new RedisConnection(Object.assign(new RedisSettings(), { url: server.url }));
    await redis.onModuleInit();
  }, 300_000);
  afterAll(async () => {
    await redis.onApplicationShutdown();
    await server.stop();
    await dataSource.destroy();
    await database.drop();
  });

  const newClient = async (): Promise<string> => {
    const id = uuidv7();
    const client = { id, clientId: id, name: 'Other', role: 'viewer', secretHash: 'none' } as const;
    await dataSource.getRepository(ClientEntity).insert(client);
    return id;
  };
  const session = (overrides: Partial<Session> = {}): Session => ({
    id: uuidv7(),
    clientUuid,
    clientVersion: 3,
    tokenHash: hash('a'),
    scope: 'skill:read skill:register',
    expiresAt: inMs(60_000),
    previous: null,
    ...overrides,
  });

  describe.each(['postgres', 'redis'])('in %s', (kind) => {
    let store: SessionStore;
    beforeAll(() => {
      store = kind === 'redis' ? new RedisSessionStore(redis) : new PostgresSessionStore(dataSource);
    });
    const create = async (overrides: Partial<Session> = {}): Promise<Session> => {
      const created = session(overrides);
      await store.create(dataSource.manager, created, 0);
      return created;
    };
    /** In a transaction of its own, as its user does. */
    const rotate = (id: string, from: string, to: string, expiresAt = inMs(60_000)) =>
      dataSource.transaction((tx) => store.rotate(tx, id, from, { tokenHash: to, expiresAt, previous }));

    it('gives back what it was given', async () => {
      const created = await create();
      await create();
      expect(await store.find(created.id)).toEqual(created);
      expect(await store.find(uuidv7())).toBeUndefined();
    });

    it('puts the next token in the place of the newest, and prolongs the session', async () => {
      const created = await create();
      const expiresAt = inMs(120_000);
      expect(await rotate(created.id, hash('a'), hash('b'), expiresAt)).toBe(true);
      expect(await store.find(created.id)).toEqual({ ...created, tokenHash: hash('b'), expiresAt, previous });
    });

    it('changes nothing for a token that is not the newest, or a session that is not there', async () => {
      const { id } = await create();
      await rotate(id, hash('a'), hash('b'));
      const before = await store.find(id);
      expect(await rotate(id, hash('a'), hash('c'))).toBe(false);
      expect(await rotate(id, hash('f'), hash('c'))).toBe(false);
      expect(await store.find(id)).toEqual(before);
      const nobody = uuidv7();
      expect(await rotate(nobody, hash('a'), hash('b'))).toBe(false);
      expect(await store.find(nobody)).toBeUndefined();
    });

    it('lets one of many simultaneous rotations win', async () => {
      const { id } = await create();
      const won = await Promise.all(Array.from('0123456789', (digit) => rotate(id, hash('a'), hash(digit))));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await store.find(id))?.tokenHash).toBe(hash(String(won.indexOf(true))));
    });

    it('forgets what is removed, and does not mind what is not there', async () => {
      const { id } = await create();
      const other = await create();
      await store.remove(dataSource.manager, id);
      await store.remove(dataSource.manager, id);
      expect(await store.find(id)).toBeUndefined();
      expect(await rotate(id, hash('a'), hash('b'))).toBe(false);
      expect(await store.find(other.id)).toBeDefined();
    });

    it('does not know a session that has expired', async () => {
      const { id } = await create({ expiresAt: inMs(1_000) });
      const past = await create({ expiresAt: inMs(-1) });
      const other = await create();
      expect(await store.find(id)).toBeDefined();
      await delay(1_020);
      for (const ended of [id, past.id]) {
        expect(await store.find(ended)).toBeUndefined();
        expect(await rotate(ended, hash('a'), hash('b'))).toBe(false);
      }
      await store.purge();
      expect(await store.find(other.id)).toBeDefined();
    });

    it('keeps a limited number of sessions of a client, the last used ones', async () => {
      const owner = await newClient();
      const other = await create();
      const opened: Session[] = [];
      const open = async (life: number) => {
        const one = session({ clientUuid: owner, expiresAt: inMs(life) });
        await store.create(dataSource.manager, one, 3);
        opened.push(one);
      };
      const living = async () => {
        const found = await Promise.all(opened.map(({ id }) => store.find(id)));
        return opened.flatMap((_, index) => (found[index] ? [index] : []));
      };
      for (const life of [60_000, 61_000, 62_000]) await open(life);
      expect(await living()).toEqual([0, 1, 2]);
      // The first is used again.
      expect(await rotate(opened[0]?.id ?? '', hash('a'), hash('b'), inMs(70_000))).toBe(true);
      await open(63_000);
      expect(await living()).toEqual([0, 2, 3]);
      // Of a shorter life than all others, it is the newest all the same.
      await open(1_000);
      expect(await living()).toEqual([0, 3, 4]);
      await store.remove(dataSource.manager, opened[3]?.id ?? '');
      await open(64_000);
      expect(await living()).toEqual([0, 4, 5]);
      await Promise.all(Array.from({ length: 10 }, (_, index) => open(80_000 + index)));
      expect((await living()).length).toBeLessThanOrEqual(3);
      expect(await store.find(other.id)).toBeDefined();
    });

    it('takes an expiry that a rotation brings forward', async () => {
      const { id } = await create();
      expect(await rotate(id, hash('a'), hash('b'), inMs(50))).toBe(true);
      await delay(70);
      expect(await store.find(id)).toBeUndefined();
    });
  });

  describe('PostgresSessionStore', () => {
    it('takes part in the transaction', async () => {
      const store = new PostgresSessionStore(dataSource);
      const kept = session();
      await store.create(dataSource.manager, kept, 0);
      const undone = session();
      const work = dataSource.transaction(async (tx) => {
        await store.create(tx, undone, 0);
        await store.rotate(tx, kept.id, hash('a'), { tokenHash: hash('b'), expiresAt: inMs(1), previous });
        throw new Error('undo');
      });
      await expect(work).rejects.toThrow('undo');
      expect(await store.find(undone.id)).toBeUndefined();
      expect(await store.find(kept.id)).toEqual(kept);
    });

    it('purges what has expired, and loses the sessions of a client with it', async () => {
      const store = new PostgresSessionStore(dataSource);
      const past = session({ expiresAt: inMs(-1) });
      await store.create(dataSource.manager, past, 0);
      await store.purge();
      expect(await database.query('SELECT FROM sessions WHERE id = $1', [past.id])).toEqual([]);
      await dataSource.transaction(async (tx) => {
        const client = { id: uuidv7(), clientId: 'gone', name: 'Gone', role: 'viewer', secretHash: '' } as const;
        await tx.getRepository(ClientEntity).insert(client);
        const lost = session({ clientUuid: client.id });
        await store.create(tx, lost, 0);
        await tx.getRepository(ClientEntity).delete({ id: client.id });
        expect(await tx.query('SELECT FROM sessions WHERE id = $1', [lost.id])).toEqual([]);
      });
    });
  });

  describe('RedisSessionStore', () => {
    it('leaves the deletion to Redis', async () => {
      const store = new RedisSessionStore(redis);
      const kept = session();
      await store.create(dataSource.manager, kept, 0);
      const left = async () => (await redis.client?.pTTL(`ooder:v1:session:${kept.id}`)) ?? 0;
      expect(await left()).toBeGreaterThan(50_000);
      await store.rotate(dataSource.manager, kept.id, hash('a'), {
        tokenHash: hash('b'),
        expiresAt: inMs(5_000),
        previous,
      });
      expect(await left()).toBeLessThanOrEqual(5_000);
    });

    it('says of a Redis that refuses or is away that it is unavailable', async () => {
      const store = new RedisSessionStore(redis);
      const wrong = session();
      await redis.client?.set(`ooder:v1:session:${wrong.id}`, 'text');
      await expect(store.find(wrong.id)).rejects.toThrow(RedisUnavailableError);
      await expect(store.create(dataSource.manager, wrong, 0)).rejects.toThrow(RedisUnavailableError);
      const away = new RedisSessionStore(new RedisConnection(new RedisSettings()));
      await expect(away.remove(dataSource.manager, wrong.id)).rejects.toThrow(RedisUnavailableError);
    });
  });
});
