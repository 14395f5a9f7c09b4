import { setTimeout as delay } from 'node:timers/promises';
import { AppSettings, DatabaseSettings } from '#config';
import { TcpProxy } from '../../../test/support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { until } from '../../../test/support/until.js';
import { DatabaseServer } from './database-server.js';
import { LeaderElection } from './leader-election.js';

const leads = async (replica: LeaderElection): Promise<boolean> => (await replica.campaign()) !== undefined;

async function open(url: string): Promise<LeaderElection> {
  const settings = Object.assign(new DatabaseSettings(), { url });
  return new LeaderElection(await DatabaseServer.open(new AppSettings(), settings), settings);
}

/** Cuts a leader off from PostgreSQL, and expects another one after 5 seconds. */
async function followOneCutOff(inTransaction: boolean): Promise<void> {
  const database = await createTestDatabase();
  const proxy = await TcpProxy.start(database.url);
  const [a, b] = [await open(proxy.url), await open(database.url)];
  const session = await a.campaign();
  const cutOff = inTransaction
    ? session?.transaction(async (tx) => {
        await tx.query('SELECT 1');
        await proxy.pause();
        await tx.query('SELECT 1');
      })
    : proxy.pause().then(() => a.campaign());
  const told = expect(cutOff).rejects.toThrow();
  const began = performance.now();
  await until(() => leads(b));
  expect(performance.now() - began).toBeGreaterThan(4_500);
  await told;
  for (const replica of [a, b]) await replica.onApplicationShutdown();
  await proxy.close();
  await database.drop();
}

describe('LeaderElection', () => {
  let database: TestDatabase;
  let replicas: LeaderElection[];

  /** Takes seconds, while the other tests run. */
  let cutOff: Promise<PromiseSettledResult<void>[]>;

  beforeAll(() => {
    cutOff = Promise.allSettled([followOneCutOff(false), followOneCutOff(true)]);
  });
  beforeEach(async () => {
    database = await createTestDatabase();
    replicas = [];
  });
  afterEach(async () => {
    for (const replica of replicas) await replica.onApplicationShutdown();
    await database.drop();
  });

  const join = async (url = database.url): Promise<LeaderElection> => {
    const replica = await open(url);
    replicas.push(replica);
    return replica;
  };
  /** Ends the session of the leader from outside, as a failover or an administrator does. */
  const terminateLeader = async (): Promise<void> => {
    const ended = await database.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
       WHERE locktype = 'advisory' AND objid = 8206003 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    expect(ended).toHaveLength(1);
  };
  const connections = async (): Promise<number> =>
    (
      await database.query(
        `SELECT 1 FROM pg_stat_activity
         WHERE application_name = 'ooder-skill leader' AND datname = current_database()`,
      )
    ).length;

  it('has one leader, which stays the leader', async () => {
    const [a, b] = [await join(), await join()];
    expect([a.isLeader, b.isLeader]).toEqual([false, false]);
    for (let n = 0; n < 3; n += 1) expect([await leads(a), await leads(b)]).toEqual([true, false]);
    expect([a.isLeader, b.isLeader]).toEqual([true, false]);
  });

  it('has one leader of many who campaign at once', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => join()));
    const elected = await Promise.all(many.map(leads));
    expect(elected.filter(Boolean)).toHaveLength(1);
    expect(many.map(({ isLeader }) => isLeader)).toEqual(elected);
  });

  it('has a leader of its own in each database', async () => {
    const other = await createTestDatabase();
    const elsewhere = await join(other.url);
    expect([await leads(await join()), await leads(elsewhere)]).toEqual([true, true]);
    await elsewhere.onApplicationShutdown();
    await other.drop();
  });

  it('is followed by another when it closes, and campaigns no more', async () => {
    const [a, b] = [await join(), await join()];
    await leads(a);
    await leads(b);
    await a.onApplicationShutdown();
    expect(a.isLeader).toBe(false);
    await until(() => leads(b));
    expect(await leads(a)).toBe(false);
    expect(await connections()).toBe(1);
  });

  it('loses the lead with its session, finds out by the next campaign, and may lead again', async () => {
    const [a, b] = [await join(), await join()];
    await leads(a);
    await leads(b);
    await terminateLeader();
    expect(await leads(b)).toBe(true);
    await expect(a.campaign()).rejects.toThrow();
    expect(a.isLeader).toBe(false);
    expect(await leads(a)).toBe(false);
    await terminateLeader();
    expect(await leads(a)).toBe(true);
    await expect(b.campaign()).rejects.toThrow();
    expect(await leads(b)).toBe(false);
    expect(await connections()).toBe(2);
  });

  it('cannot write once its session is gone', async () => {
    const a = await join();
    const session = await a.campaign();
    const write = (): Promise<unknown> =>
      session?.query('UPDATE registry_identity SET updated_at = now()') ?? Promise.resolve();
    await write();
    await terminateLeader();
    expect(await leads(await join())).toBe(true);
    await expect(write()).rejects.toThrow();
    await expect(session?.transaction((tx) => tx.query('SELECT 1'))).rejects.toThrow();
  });

  it('leaves a transaction half-way undone when it loses its session in it', async () => {
    const session = await (await join()).campaign();
    const work = session?.transaction(async (tx) => {
      await tx.query('DELETE FROM registry_identity');
      await terminateLeader();
      await tx.query('SELECT 1');
    });
    await expect(work).rejects.toThrow();
    expect(await database.query('SELECT 1 FROM registry_identity')).toHaveLength(1);
  });

  it('rejects while PostgreSQL is out of reach, and recovers', async () => {
    const proxy = await TcpProxy.start(database.url);
    const a = await join(proxy.url);
    await leads(a);
    await proxy.cut();
    await expect(a.campaign()).rejects.toThrow();
    expect(a.isLeader).toBe(false);
    await expect(a.campaign()).rejects.toThrow();
    await proxy.restore();
    await until(() => leads(a));
    await a.onApplicationShutdown();
    await proxy.close();
  });

  describe('isLastReplica', () => {
    it('holds for a replica that is connected alone, leader or not', async () => {
      const [a, b] = [await join(), await join()];
      expect(await a.isLastReplica()).toBe(false);
      await leads(a);
      expect(await a.isLastReplica()).toBe(true);
      await leads(b);
      expect(await a.isLastReplica()).toBe(false);
      await a.onApplicationShutdown();
      await until(() => b.isLastReplica());
      expect(await leads(b)).toBe(true);
      expect(await b.isLastReplica()).toBe(true);
    });

    it('is true for at least one of the replicas that stop at the same time', async () => {
      const replicas = [await join(), await join(), await join()];
      for (const replica of replicas) await leads(replica);
      const [a, b, c] = replicas;
      const asked = [a?.isLastReplica(), b?.isLastReplica()];
      await delay(100);
      await c?.beforeApplicationShutdown();
      expect(await Promise.all(asked.flatMap((answer) => answer ?? []))).toContain(true);
    });

    it('does not hold while one goes on, also when it only stands by', async () => {
      const [a, b] = [await join(), await join()];
      await leads(a);
      await leads(b);
      await a.beforeApplicationShutdown();
      expect(await a.isLastReplica()).toBe(false);
    });
  });

  it('loses the lead 5 seconds after it was cut off, between two sweeps and in the midst of one', async () => {
    const done = { status: 'fulfilled' };
    expect(await cutOff).toEqual([expect.objectContaining(done), expect.objectContaining(done)]);
  });
});
