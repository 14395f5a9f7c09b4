import pg from 'pg';
import { DataSource } from 'typeorm';
import { type Api, apiOf } from '../../../../test/e2e/api.js';
import { ALL, LEASE_STORES, leasedEndpoint } from '../../../../test/support/lease-stores.js';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.js';
import { skillBody } from '../../../../test/support/skill.factory.js';
import { startTestApp, type TestApp } from '../../../../test/support/test-app.js';
import { LeaseStore } from '../leases/lease-store.js';
import { LeaseAudit } from './lease-audit.js';
import { LeaseSweeper } from './lease-sweeper.js';
import { Sweep } from './sweep.js';

const INTERVAL = 30;

/** The service of these tests ends no lease itself: it runs for less than one. Each test passes the time to the sweep. */
describe.each(LEASE_STORES)('a sweep with leases in %s', (kind) => {
  let redis: RedisServer | undefined;
  let app: TestApp;
  let api: Api;
  let store: LeaseStore;
  beforeAll(async () => {
    redis = kind === 'redis' ? await startRedisServer() : undefined;
    app = await startTestApp({ env: { REGISTRY_DEREGISTER_AFTER: '1000', ...(redis && { REDIS_URL: redis.url }) } });
    api = apiOf(app);
    store = app.app.get(LeaseStore);
    // Its own sweeps find nothing more to do for one lease.
    await app.app.get(LeaseSweeper).tick();
  }, 300_000);
  afterAll(async () => {
    await app.close();
    await redis?.stop();
  });
  afterEach(async () => {
    const skills = await app.database.query<{ id: string }>('DELETE FROM skills RETURNING id');
    await store.forget(skills.map(({ id }) => id));
  });

  const session = () => app.app.get(DataSource).manager;
  const asOf = async (intervals: number) => (await store.state()).now + intervals * INTERVAL * 1000;
  /** Members were silent for so long, as far as the lease store knows. */
  const warnAfter = async (intervals: number, isTime = false) =>
    app.app.get(Sweep).warn(session(), await asOf(intervals), () => isTime);
  const endAfter = async (intervals: number, isTime = false) =>
    app.app.get(Sweep).end(session(), await asOf(intervals), () => isTime);
  /** And as far as PostgreSQL knows. */
  const silence = (intervals: number, url = '%') =>
    app.database.query(
      `UPDATE endpoint_leases l SET last_heartbeat = now() - $1 * interval '1 second' FROM skill_endpoints e
       WHERE e.id = l.endpoint_id AND e.url LIKE $2`,
      [intervals * INTERVAL, url],
    );
  const register = async (...urls: string[]) => {
    const body = skillBody({ endpoints: urls.map((url) => ({ url })) });
    return (await api.post('/skills/register', body).expect(200)).body.data.skill_id as string;
  };
  const healths = async (skillId: string) => {
    const { body } = await api.get(`/skills/${skillId}`).expect(200);
    return (body.endpoints as { url: string; health: string }[]).map(({ health }) => health);
  };
  const events = async (skillId: string) => {
    const rows = await app.database.query<{ event: string; actor: string }>(
      'SELECT event, actor FROM skill_events WHERE skill_id = $1 ORDER BY created_at, id',
      [skillId],
    );
    return rows.slice(1).map(({ event, actor }) => `${event} by ${actor}`);
  };
  const counts = async () => {
    const { onTime, overdue } = await store.census(0);
    return [onTime, overdue];
  };

  it('warns of a Skill without heartbeats, and then ends its lease', async () => {
    const skillId = await register('http://w/');
    expect(await healths(skillId)).toEqual(['healthy']);
    await silence(1.5);
    expect(await warnAfter(1.5)).toBe(1);
    expect(await healths(skillId)).toEqual(['warning']);
    expect(await endAfter(2.9)).toEqual([]);
    await silence(3);
    expect(await endAfter(3)).toMatchObject([{ skillId }]);
    expect(await healths(skillId)).toEqual(['unhealthy']);
    expect(await counts()).toEqual([0, 0]);
    expect(await endAfter(3)).toEqual([]);
    expect(await events(skillId)).toEqual(['endpoint_warning by sweeper', 'endpoint_unhealthy by sweeper']);
  });

  it('neither warns of nor ends a member whose heartbeat is in PostgreSQL', async () => {
    const skillId = await register('http://h/1', 'http://h/2');
    await silence(1.2, '%/1');
    await silence(1.3, '%/2');
    await warnAfter(1.5);
    expect(await healths(skillId)).toEqual(['healthy', 'warning']);
    await silence(1.9, '%/1');
    await silence(2.1, '%/2');
    expect(await endAfter(3)).toHaveLength(2);
    expect(await healths(skillId)).toEqual(['healthy', 'unhealthy']);
    // The one that was heard of has a full lease again.
    expect(await counts()).toEqual([1, 0]);
    expect(await warnAfter(1.4)).toBe(0);
    expect(await counts()).toEqual([1, 0]);
  });

  it('takes a heartbeat of the future for none: it was written before the clock stepped back', async () => {
    const skillId = await register('http://f/1', 'http://f/2');
    await silence(-2, '%/1');
    await silence(-0.5, '%/2');
    await warnAfter(1.5);
    await endAfter(3);
    expect(await healths(skillId)).toEqual(['unhealthy', 'healthy']);
  });

  it('leaves to members what they say of themselves, until their lease ends', async () => {
    const skillId = await register('http://s/');
    await api.post(`/skills/${skillId}/heartbeat`, { health: 'unhealthy' }).expect(200);
    await silence(3);
    await warnAfter(1.5);
    expect(await healths(skillId)).toEqual(['unhealthy']);
    await endAfter(3);
    expect((await api.get(`/skills/${skillId}/status`)).body.data.endpoints).toMatchObject([{ lease: null }]);
    await api.post(`/skills/${skillId}/heartbeat`).expect(200);
    expect(await healths(skillId)).toEqual(['healthy']);
  });

  it('that did not finish is done again, and announces nothing twice', async () => {
    const skillId = await register('http://t/');
    await silence(3);
    await warnAfter(1.5);
    await endAfter(3);
    const told = await events(skillId);
    // PostgreSQL was told, the store was not.
    const [lease] = await app.database.query<{ id: string }>('SELECT endpoint_id AS id FROM endpoint_leases');
    await store.forget([skillId]);
    const endpoint = leasedEndpoint({ endpointId: lease?.id ?? '', url: 'http://t/' });
    await store.open([{ skillId, owner: 'admin', endpoints: [endpoint] }]);
    await warnAfter(1.5);
    await endAfter(3);
    expect([await events(skillId), await counts()]).toEqual([told, [0, 0]]);
  });

  it('forgets endpoints that are no more', async () => {
    const [gone, changed] = [await register('http://g/'), await register('http://g/1', 'http://g/2')];
    await silence(3);
    await app.database.query('DELETE FROM skills WHERE id = $1', [gone]);
    await app.database.query(`DELETE FROM skill_endpoints WHERE url = 'http://g/1'`);
    await warnAfter(1.5);
    await endAfter(3);
    expect([await counts(), await healths(changed)]).toEqual([[0, 0], ['unhealthy']]);
    expect(await store.renew([{ skillId: gone, health: 'healthy' }])).toEqual([{ status: 'missing' }]);
    expect(await store.renew([{ skillId: changed, health: 'healthy' }])).toMatchObject([{ endpoints: [{}] }]);
  });

  it('goes through many in batches, longest silent first', async () => {
    const skills = Array.from({ length: 230 }, () => skillBody());
    await api.post('/skills/batch', { skills }).expect(200);
    await silence(3);
    expect([await warnAfter(1.5), await warnAfter(1.5)]).toEqual([200, 30]);
    const batches = [await endAfter(3), await endAfter(3), await endAfter(3)];
    expect(batches.map(({ length }) => length)).toEqual([200, 30, 0]);
    expect((await api.get('/skills/discover')).body.data.total).toBe(0);
  });

  it('waits for no row, however many are held: all others end, and those once they are free', async () => {
    const held = Array.from({ length: 250 }, () => skillBody());
    await api.post('/skills/batch', { skills: held }).expect(200);
    const other = await register('http://o/');
    await silence(3);
    const holder = new pg.Client({ connectionString: app.database.url });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM skills WHERE id <> $1 FOR NO KEY UPDATE', [other]);
      expect(await warnAfter(1.5, true)).toBe(251);
      expect(await healths(other)).toEqual(['warning']);
      expect(await counts()).toEqual([250, 1]);
      await holder.query('ROLLBACK');
      expect(await warnAfter(1.5, true)).toBe(250);
      expect(await counts()).toEqual([0, 251]);
      await holder.query('BEGIN');
      await holder.query('SELECT FROM endpoint_leases WHERE skill_id <> $1 FOR NO KEY UPDATE', [other]);
      expect(await endAfter(3, true)).toHaveLength(251);
      expect(await healths(other)).toEqual(['unhealthy']);
      expect(await counts()).toEqual([250, 0]);
    } finally {
      await holder.end();
    }
    await warnAfter(1.5, true);
    await endAfter(3, true);
    expect(await counts()).toEqual([0, 0]);
    const [row] = await app.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM skill_events WHERE event IN ('endpoint_warning', 'endpoint_unhealthy')
         AND skill_id IN (SELECT id FROM skills)`,
    );
    expect(row?.count).toBe(2 * 251);
  });

  it('clears members that only seem silent: heard elsewhere, or unregistered', async () => {
    const [heard, gone, dead] = [
      await register('http://c/1'),
      await register('http://c/2'),
      await register('http://c/3'),
    ];
    await silence(3, '%/3');
    await app.database.query('DELETE FROM skills WHERE id = $1', [gone]);
    await store.claimExpired(await asOf(1.5), ALL);
    await app.app.get(Sweep).extendHeard(session(), await asOf(2), () => true);
    expect(await counts()).toEqual([1, 1]);
    expect(await store.remaining(gone)).toEqual(new Map());
    await endAfter(3);
    expect([await healths(heard), await healths(dead)]).toEqual([['healthy'], ['unhealthy']]);
  });

  it('unregisters endpoints that stay silent, and the Skill with its last endpoint', async () => {
    const [half, whole, late] = [
      await register('http://u/1', 'http://u/2'),
      await register('http://u/3'),
      await register('http://u/4'),
    ];
    const away = (seconds: number, url: string) =>
      app.database.query(
        `UPDATE endpoint_leases l SET expired_at = now() - $1 * interval '1 second' FROM skill_endpoints e
         WHERE e.id = l.endpoint_id AND e.url = $2`,
        [seconds, url],
      );
    for (const url of ['http://u/1', 'http://u/3', 'http://u/4']) await silence(3, url);
    await warnAfter(1.5);
    await endAfter(3);
    for (const url of ['http://u/1', 'http://u/3']) await away(1_001, url);
    await away(990, 'http://u/4');
    expect([await healths(half), await healths(whole)]).toEqual([['unhealthy', 'healthy'], ['unhealthy']]);
    expect((await api.get(`/skills/${half}/status`)).body.data.health).toBe('warning');
    await app.app.get(Sweep).unregister(session());
    expect((await api.get(`/skills/${half}/status`)).body.data.health).toBe('healthy');
    expect((await api.get(`/skills/${half}`)).body.endpoints).toMatchObject([{ url: 'http://u/2' }]);
    await api.get(`/skills/${whole}`).expect(404);
    await api.get(`/skills/${late}`).expect(200);
    const last = ['endpoint_warning', 'endpoint_unhealthy', 'endpoint_unregistered'].map(
      (event) => `${event} by sweeper`,
    );
    expect([await events(half), await events(whole)]).toEqual([last, [...last, 'unregistered by sweeper']]);
    for (const [id, url] of [
      [half, 'http://u/1'],
      [whole, 'http://u/3'],
    ] as const) {
      expect((await api.post(`/skills/${id}/heartbeat`, { endpoint_url: url }).expect(404)).body.code).toBe(1004);
      const many = await api.post('/heartbeats', { heartbeats: [{ skill_id: id, endpoint_url: url }] }).expect(200);
      expect(many.body.data.results).toMatchObject([{ status: 'unknown', code: 1004 }]);
    }
    await api.post(`/skills/${late}/heartbeat`).expect(200);
  });

  it('lets an unregistered endpoint come back by registering', async () => {
    const body = skillBody({ endpoints: [{ url: 'http://b/1' }, { url: 'http://b/2' }] });
    const registered = async () => (await api.post('/skills/register', body).expect(200)).body.data.skill_id as string;
    const id = await registered();
    await silence(3, 'http://b/1');
    await warnAfter(1.5);
    await endAfter(3);
    await app.database.query(`UPDATE endpoint_leases SET expired_at = now() - interval '1001 seconds'
      WHERE expired_at IS NOT NULL`);
    await app.app.get(Sweep).unregister(session());
    expect(await healths(id)).toEqual(['healthy']);
    expect(await registered()).toBe(id);
    expect(await healths(id)).toEqual(['healthy', 'healthy']);
    await api.post(`/skills/${id}/heartbeat`, { endpoint_url: 'http://b/1' }).expect(200);
  });

  it('is filled by the audit, which checks between its pages whether to continue', async () => {
    await api.post('/skills/batch', { skills: Array.from({ length: 450 }, () => skillBody()) }).expect(200);
    const skills = await app.database.query<{ id: string }>('SELECT id FROM skills');
    await store.forget(skills.map(({ id }) => id));
    const known: number[] = [];
    const note = async () => void known.push((await counts())[0] ?? 0);
    await app.app.get(LeaseAudit).all(note);
    expect(known).toEqual([200, 400]);
    expect(await counts()).toEqual([450, 0]);
    await expect(app.app.get(LeaseAudit).all(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  });

  it('gets the leases that it lacks from the audit, each with its full time', async () => {
    const [missed, known] = [await register('http://a/1', 'http://a/2'), await register('http://a/3')];
    await store.forget([missed]);
    expect(await counts()).toEqual([1, 0]);
    await app.app.get(LeaseAudit).all(() => Promise.resolve());
    expect(await counts()).toEqual([3, 0]);
    expect(await store.claimExpired(await asOf(1.4), ALL)).toEqual([]);
    await silence(3);
    await warnAfter(1.5);
    await endAfter(3);
    expect([await healths(missed), await healths(known)]).toEqual([['unhealthy', 'unhealthy'], ['unhealthy']]);
    // Ended leases stay ended.
    await app.app.get(LeaseAudit).all(() => Promise.resolve());
    expect(await counts()).toEqual([0, 0]);
  });
});
