import { LeaderElection } from '#database';
import { LEASE_STORES } from '../../../../test/support/lease-stores.js';
import { INTERVAL, LEASE, LeaseWorld } from '../../../../test/support/lease-world.js';
import { TcpProxy } from '../../../../test/support/tcp-proxy.js';
import { terminateSessions } from '../../../../test/support/test-database.js';

const HOUR = 3_600;
const FEW = 5;
/** After a gap without sweeps: one lease time in which nothing ends, and one until silent members end. */
const GONE_WITHIN = 2 * LEASE + 5;

describe.each(LEASE_STORES)('the sweeper with leases in %s', (kind) => {
  let world: LeaseWorld;
  beforeAll(async () => {
    world = await LeaseWorld.start(kind);
    await world.register(60);
    // Nothing ends for a full lease after a start.
    await world.pass(LEASE);
  }, 300_000);
  afterAll(() => world.close());

  /** Of the sweeper; that a health check turned to degraded is logged by itself. */
  const warnings = () =>
    world.replicas
      .flatMap(({ logs }) => logs.map((line) => JSON.parse(line) as { level: string; context?: string; msg: string }))
      .filter(({ level, context }) => level === 'warn' && context === 'leases')
      .map(({ msg }) => msg);

  it('ends a lease when it is over, whatever a ghost of its member sends', async () => {
    const body = { name: 'haunted', version: '1.0.0', endpoints: [{ url: 'http://localhost:9/haunted' }] };
    const register = async () => {
      const { data } = (await world.api.post('/skills/register', body).expect(200)).body;
      return data as { skill_id: string; generation: number };
    };
    const [ghost, { skill_id: skillId, generation }] = [await register(), await register()];
    const member = { skillId, url: 'http://localhost:9/haunted', alive: true };
    world.members.push(member);
    await world.beat();
    member.alive = false;
    const healths: string[] = [];
    const look = async () => {
      await world.api.post(`/skills/${skillId}/heartbeat`, { generation: ghost.generation }).expect(409);
      const { body } = await world.api.get(`/skills/${skillId}/status`).expect(200);
      const found = await world.api.get('/skills/discover?name=haunted').expect(200);
      if (healths.at(-1) !== body.data.health) healths.push(body.data.health as string);
      return found.body.data.total === 0;
    };
    expect(await world.passUntil(look, LEASE + 2)).toBeGreaterThanOrEqual(LEASE - 1);
    expect(healths).toEqual(['healthy', 'warning', 'unhealthy']);
    await world.api.post(`/skills/${skillId}/heartbeat`, { generation: ghost.generation }).expect(409);
    expect(await look()).toBe(true);
    await world.api.post(`/skills/${skillId}/heartbeat`, { generation }).expect(200);
    expect(await look()).toBe(false);
    const events = await world.database.query(
      `SELECT event, actor FROM skill_events WHERE skill_id = $1 AND endpoint_url IS NOT NULL ORDER BY id`,
      [skillId],
    );
    expect(events).toEqual([
      { event: 'endpoint_warning', actor: 'sweeper' },
      { event: 'endpoint_unhealthy', actor: 'sweeper' },
      { event: 'endpoint_healthy', actor: 'admin' },
    ]);
    // It is found dead again by the tests that follow.
  });

  it.each([
    ['an hour forward', HOUR],
    ['two hours back', -HOUR],
  ])('leaves the living alone when the wall clock is set %s, and finds the dead', async (_, step) => {
    world.setWallClock(step);
    await world.pass(2);
    world.kill(FEW);
    // Nothing ends for a lease after the step.
    expect(await world.expectOnlyDeadGone(GONE_WITHIN)).toBeGreaterThan(LEASE - 5);
  });

  describe('when half of the members fall silent at once', () => {
    let silent: ReturnType<LeaseWorld['kill']>;
    let ended: string[];

    it('holds all leases, and says so once', async () => {
      ended = await world.ended();
      silent = world.kill(30);
      await world.passUntil(async () => (await world.metric('registry_frozen')) === 1, LEASE + 5);
      expect((await world.first.http.get('/health').expect(200)).body).toMatchObject({
        status: 'warning',
        checks: { leases: { status: 'degraded', reason: 'self-preservation: too many leases would end at once' } },
      });
      await world.first.http.get('/readyz').expect(200);
      await world.pass(2 * LEASE);
      expect(await world.metric('registry_frozen')).toBe(1);
      expect(await world.metric('registry_freezes_total')).toBe(1);
      expect(warnings()).toEqual([expect.stringMatching(/^self-preservation: too many leases would end at once/)]);
      expect(await world.ended()).toEqual(ended);
    });

    it('holds them though the wall clock is set to a time that is longer than it may hold them', async () => {
      world.setWallClock(HOUR);
      await world.pass(LEASE + 5);
      expect(await world.metric('registry_frozen')).toBe(1);
      expect(await world.ended()).toEqual(ended);
    });

    it('is done with it when they are back, and then lets a few go', async () => {
      for (const member of silent) member.alive = true;
      await world.passUntil(async () => (await world.metric('registry_frozen')) === 0, INTERVAL + 5);
      expect((await world.first.http.get('/health')).body).toMatchObject({ checks: { leases: { status: 'up' } } });
      world.kill(FEW);
      await world.expectOnlyDeadGone(GONE_WITHIN);
      expect(warnings()).toHaveLength(1);
    });
  });

  describe('of a service that starts anew', () => {
    it('goes on by the last heartbeats, which the service wrote when it stopped', async () => {
      await world.beat();
      const reporter = world.members.find(({ alive }) => alive);
      await world.api
        .post(`/skills/${reporter?.skillId}/heartbeat`, { endpoint_url: reporter?.url, request_count: 4_711 })
        .expect(200);
      await world.stopReplica(world.first);
      const [row] = await world.database.query<{ count: number; oldest: number }>(
        `SELECT count(*)::int AS count, max(extract(epoch FROM clock_timestamp() - last_heartbeat))::float8 AS oldest
         FROM endpoint_leases l JOIN skill_endpoints e ON e.id = l.endpoint_id WHERE e.url = ANY($1)`,
        [world.members.filter(({ alive }) => alive).map(({ url }) => url)],
      );
      expect(row?.count).toBe(world.members.filter(({ alive }) => alive).length);
      expect(row?.oldest).toBeLessThan(INTERVAL);
      expect(
        await world.database.query('SELECT request_count::int FROM skill_status WHERE skill_id = $1', [
          reporter?.skillId,
        ]),
      ).toEqual([{ request_count: 4_711 }]);
    });

    it('evicts no living member, though the service was away for longer than a lease', async () => {
      world.kill(FEW);
      await world.skip(2 * LEASE);
      await world.startReplica();
      await world.expectOnlyDeadGone(GONE_WITHIN);
    });
  });
});

describe('the sweeper with leases in Redis, of which parts fail', () => {
  let world: LeaseWorld;
  let postgres: TcpProxy;
  beforeAll(async () => {
    world = await LeaseWorld.start('redis', { route: async (url) => (postgres = await TcpProxy.start(url)).url });
    await world.register(60);
    await world.pass(LEASE);
  }, 300_000);
  afterAll(async () => {
    await world.close();
    await postgres.close();
  });

  it('ends no lease while PostgreSQL is cut off, and finds dead members afterwards', async () => {
    await postgres.cut();
    world.kill(FEW);
    await world.pass(1.5 * LEASE);
    expect(world.refusals).toEqual([]);
    expect(await world.ended()).toEqual([]);
    await postgres.restore();
    await world.expectOnlyDeadGone(GONE_WITHIN);
  });

  it('goes on when all sessions in PostgreSQL are terminated', async () => {
    world.kill(FEW);
    // The leader's, and those of the pool.
    expect(await terminateSessions(world.database)).toBeGreaterThan(1);
    await world.expectOnlyDeadGone(GONE_WITHIN);
  });

  it('answers a heartbeat that changes something while PostgreSQL hangs', async () => {
    const member = world.members.find(({ alive }) => alive);
    await postgres.pause();
    await world.api.post(`/skills/${member?.skillId}/heartbeat`, { health: 'warning' }).expect(200);
    await postgres.restore();
  });

  it('writes heartbeats to PostgreSQL while Redis hangs, and finds dead members afterwards', async () => {
    const { pid = 0 } = world.redis ?? {};
    const ended = await world.ended();
    world.kill(FEW);
    process.kill(pid, 'SIGSTOP');
    await world.pass(LEASE);
    expect(await world.ended()).toEqual(ended);
    process.kill(pid, 'SIGCONT');
    await world.untilStoresAnswer();
    await world.expectOnlyDeadGone(GONE_WITHIN);
  });

  it('rebuilds the leases when Redis comes back empty, and finds dead members afterwards', async () => {
    await world.redis?.stop();
    world.kill(FEW);
    await world.pass(INTERVAL);
    await world.startRedis();
    await world.untilStoresAnswer();
    await world.expectOnlyDeadGone(GONE_WITHIN);
  });

  describe('with a second replica', () => {
    let redis: TcpProxy;
    beforeAll(async () => {
      redis = await TcpProxy.start(world.redis?.url ?? '');
      await world.startReplica({ REDIS_URL: redis.url });
      await world.pass(1);
    });
    afterAll(() => redis.close());

    const leads = () => world.replicas.map(({ app }) => app.get(LeaderElection).isLeader);

    it('is one of two, and believes PostgreSQL where the other cannot reach Redis', async () => {
      expect(leads()).toEqual([true, false]);
      const [, second] = world.replicas;
      const cutOff = world.members.filter(({ alive }) => alive).slice(0, 15);
      if (second) for (const member of cutOff) world.routes.set(member, second);
      await redis.cut();
      await world.pass(2 * INTERVAL);
      // Two of them are among the members of the replica that is cut off.
      world.kill(FEW);
      await world.expectOnlyDeadGone(GONE_WITHIN);
      expect(await world.metric('registry_freezes_total')).toBe(0);
      await redis.restore();
      await world.untilStoresAnswer();
    });

    it('takes over in the middle of a sweep when the leader is gone', async () => {
      world.kill(FEW);
      await world.pass(2 * INTERVAL);
      // It has taken leases that are overdue, and dies before PostgreSQL knows of any.
      await world.store.claimExpired((await world.store.state()).now, FEW);
      await world.stopReplica(world.first);
      // PostgreSQL frees the lock when it has noticed that the session is gone.
      await world.passUntil(() => Promise.resolve(leads()[0] === true), LEASE);
      await world.expectOnlyDeadGone(GONE_WITHIN);
    });

    it('gives the lead up to one that can reach Redis', async () => {
      const second = await world.startReplica();
      for (const member of world.members) world.routes.set(member, second);
      expect(leads()).toEqual([true, false]);
      await redis.cut();
      await world.passUntil(() => Promise.resolve(leads()[1] === true), LEASE);
      world.kill(FEW);
      await world.expectOnlyDeadGone(GONE_WITHIN);
    });
  });
});
