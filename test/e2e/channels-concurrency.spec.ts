import { Caller, listPermissions, type Role } from '#auth';
import { ChannelExpiry, ChannelUse } from '#channels';
import { JsonText } from '#common';
import { type Transaction, Transactions } from '#database';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { auditEntries } from './audit-entries.js';
import { type Api, apiOf, expectError, NOBODY } from './api.js';
import { BY_ID, channelOf, contextOf, expire, newTarget, openChannel, type Target } from './channels.js';

describe('channels, many at once', () => {
  let app: TestApp;
  let replica: TestApp;
  let admin: Api;
  /** One client on two replicas. */
  let apis: [Api, Api];
  let clientId: string;
  let target: Target;
  beforeAll(async () => {
    app = await startTestApp({ env: { CHANNEL_RETENTION: '60' } });
    replica = await startTestApp({ database: app.database, env: { CHANNEL_RETENTION: '60' } });
    admin = apiOf(app);
    const key = await app.client('agent');
    clientId = key.clientId;
    const secret = { grant_type: 'client_credentials', client_id: clientId, client_secret: key.secret };
    const other = await replica.http.post('/api/v1/auth/token').send(secret).expect(200);
    apis = [apiOf(app, key.token), apiOf(replica, other.body.access_token as string)];
    target = await newTarget(app);
  });
  afterAll(async () => {
    await replica.close();
    await app.close();
  });

  const agent = (n = 0): Api => apis[n % 2 === 0 ? 0 : 1];
  const put = (id: string, context: object, n = 0) => agent(n).put(`/channels/${id}/context`, context);
  const each = <T>(count: number, work: (n: number) => PromiseLike<T>) =>
    Promise.all(Array.from({ length: count }, (_, n) => work(n)));
  const opened = async () => (await openChannel(agent(), target)).channel_id;
  const countsOf = async (id: string) => {
    const [row] = await app.database.query<{ context_keys: number; rows: number }>(
      `SELECT context_keys, (SELECT count(*)::int FROM channel_contexts x WHERE x.channel_id = c.id) AS rows
       FROM channels c WHERE id = $1`,
      [id],
    );
    return row;
  };
  const callerOf = (role: Role, client = clientId) =>
    new Caller(
      { clientId: client, role, permissions: new Set(listPermissions(role)) },
      { traceId: '0'.repeat(32), address: '127.0.0.1' },
    );
  const use = () => app.app.get(ChannelUse, { strict: false });
  const inTransaction = <T>(work: (tx: Transaction) => Promise<T>) =>
    app.app.get(Transactions, { strict: false }).run(work);
  const toContext = (context: object) => new JsonText(JSON.stringify(context));
  const record = (id: string, { context, ...outcome }: { endpointId?: string; context?: object }) =>
    inTransaction((tx) => use().record(tx, id, { ...outcome, ...(context && { context: toContext(context) }) }));
  const open = async (id: string, caller: Caller) => {
    const channel = await use().open(caller, id);
    return { ...channel, context: channel.context.value };
  };

  it('merge different keys of one context, and lose none', async () => {
    const id = await opened();
    const answers = await each(40, (n) => put(id, { [`k${n}`]: `${n}`, shared: `${n}` }, n));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const context = await contextOf(agent(), id);
    expect(Object.keys(context)).toHaveLength(41);
    expect(context).toMatchObject(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, `${n}`])));
    expect(await countsOf(id)).toEqual({ context_keys: 41, rows: 41 });
  });

  it('let the last writer of a key win: the state is the answer of one of them', async () => {
    const id = await opened();
    const answers = await each(40, (n) => put(id, n % 3 === 0 ? { a: null, b: null } : { a: `${n}`, b: `${n}` }, n));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const contexts = answers.map(({ body }) => body.data.context as Record<string, string>);
    const final = await contextOf(agent(), id);
    expect(contexts).toContainEqual(final);
    for (const { a, b } of contexts) expect(a).toBe(b);
    const keys = Object.keys(final).length;
    expect(await countsOf(id)).toEqual({ context_keys: keys, rows: keys });
  });

  it('never hold more than 100 keys, however many write at the limit', async () => {
    const id = await opened();
    await put(id, Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`k${n}`, 'v']))).expect(200);
    const answers = await each(40, (n) => put(id, { [`new${n}`]: 'v', k0: `${n}` }, n));
    for (const answer of answers.filter(({ status }) => status !== 200)) expectError(answer, 400, 1001);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(await countsOf(id)).toEqual({ context_keys: 100, rows: 100 });
    // At the limit, one goes and another comes.
    const swaps = await each(20, (n) => put(id, { [`k${n + 1}`]: null, [`swap${n}`]: 'v' }, n));
    expect(swaps.map(({ status }) => status)).toEqual(swaps.map(() => 200));
    expect(await countsOf(id)).toEqual({ context_keys: 100, rows: 100 });
  });

  it('take nothing after the close, no matter which replica closes', async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await opened();
      const answers = await each(21, (n) =>
        n % 7 === 3 ? agent(n).post(`/channels/${id}/close`) : put(id, { [`k${n}`]: 'v' }, n),
      );
      const closes = answers.filter((_, n) => n % 7 === 3);
      expect(new Set(closes.map(({ body }) => body.data.closed_at as string)).size).toBe(1);
      const written = answers.flatMap(({ status }, n) => (n % 7 !== 3 && status === 200 ? [`k${n}`] : []));
      for (const [n, answer] of answers.entries()) {
        if (n % 7 !== 3 && answer.status !== 200) expectError(answer, 409, 1006);
      }
      expect(Object.keys(await contextOf(agent(), id)).toSorted()).toEqual(written.toSorted());
      const entries = await auditEntries(admin, { target: `channel:${id}`, action: 'channel.close' });
      expect(entries).toHaveLength(1);
    }
  });

  it('take nothing after their expiry, also from a writer that waited', async () => {
    const id = await opened();
    await app.database.query(`UPDATE channels SET expiry_time = now() + interval '400 milliseconds' WHERE id = $1`, [
      id,
    ]);
    let answered = false;
    const waiting = await inTransaction(async (tx) => {
      await tx.query('SELECT FROM channels WHERE id = $1 FOR UPDATE', [id]);
      const sent = put(id, { late: 'yes' }).then((answer) => {
        answered = true;
        return answer;
      });
      await tx.query('SELECT pg_sleep(0.8)');
      expect(answered).toBe(false);
      return [sent];
    });
    expectError(await (waiting[0] as Promise<Parameters<typeof expectError>[0]>), 409, 1006);
    expect(await contextOf(agent(), id)).toEqual({});
  });

  it('are closed once by the jobs of all replicas, and counted and told', async () => {
    const ids = await each(30, opened);
    const open = await opened();
    const metric = async (line: RegExp) => {
      const texts = await Promise.all([app, replica].map(async ({ http }) => (await http.get('/metrics')).text));
      return texts.reduce((sum, text) => sum + Number(line.exec(text)?.[1]), 0);
    };
    const expired = /^channels_closed_total\{reason="expired"\} (\d+)$/m;
    await app.app.get(ChannelExpiry, { strict: false }).runAnew();
    const before = await metric(expired);
    await app.database.query(`UPDATE channels SET expiry_time = now() - interval '1 second' WHERE id = ANY($1)`, [ids]);
    const racing = each(30, (n) => put(ids[n] ?? '', { late: 'yes' }, n));
    await Promise.all([app, replica].map(({ app: one }) => one.get(ChannelExpiry, { strict: false }).runAnew()));
    for (const answer of await racing) expectError(answer, 409, 1006);
    // What a late write held is passed over.
    await app.app.get(ChannelExpiry, { strict: false }).runAnew();
    const rows = await app.database.query(
      `SELECT FROM channels WHERE id = ANY($1) AND status = 'closed'
      AND closed_at = expiry_time`,
      [ids],
    );
    expect(rows).toHaveLength(30);
    expect((await channelOf(agent(), open)).status).toBe('open');
    expect((await metric(expired)) - before).toBe(30);
    const told = await app.database.query<{ actor: string }>(
      `SELECT actor FROM audit_entries WHERE action = 'channel.close' AND target = ANY($1)`,
      [ids.map((id) => `channel:${id}`)],
    );
    expect(told).toEqual(ids.map(() => ({ actor: 'channel-expiry' })));
    for (const name of ['channels_open', 'channels_created_total']) {
      expect(await metric(new RegExp(`^${name} (\\d+)$`, 'm'))).toBeGreaterThan(0);
    }
  });

  it('are deleted when the retention is over, with their context, and not before', async () => {
    const [closed, kept, expired, open] = [await opened(), await opened(), await opened(), await opened()];
    for (const id of [closed, kept, expired, open]) await put(id, { city: 'Berlin' }).expect(200);
    for (const id of [closed, kept]) await agent().post(`/channels/${id}/close`).expect(200);
    await app.database.query(`UPDATE channels SET closed_at = now() - interval '61 seconds' WHERE id = $1`, [closed]);
    await app.database.query(`UPDATE channels SET closed_at = now() - interval '50 seconds' WHERE id = $1`, [kept]);
    await expire(app, expired, 61);
    await Promise.all([app, replica].map(({ app: one }) => one.get(ChannelExpiry, { strict: false }).runAnew()));
    await app.app.get(ChannelExpiry, { strict: false }).runAnew();
    for (const id of [closed, expired]) expectError(await agent().get(`/channels/${id}`), 404, 1010);
    for (const id of [kept, open]) expect(await contextOf(agent(), id)).toEqual({ city: 'Berlin' });
  });

  it('run their job by themselves', async () => {
    const id = await opened();
    await expire(app, id, 61);
    await until(async () => (await agent().get(`/channels/${id}`)).status === 404, 12_000);
  });

  it('are opened for a call by their client and the admin, and by nobody else', async () => {
    const id = await opened();
    await put(id, { city: 'Berlin' }).expect(200);
    const ids = { channelId: id, skillId: target.skill_id, capabilityId: target.capability_id };
    const found = { ...ids, capabilityExternalId: null, endpointId: null, context: { city: 'Berlin' } };
    expect(await open(id, callerOf('agent'))).toEqual(found);
    expect(await open(id, callerOf('admin', 'admin'))).toEqual(found);
    await expect(use().open(callerOf('operator', 'op'), id)).rejects.toMatchObject({ code: 1010 });
    await expect(use().open(callerOf('agent', 'other'), id)).rejects.toMatchObject({ code: 1010 });
    await expect(use().open(callerOf('agent'), NOBODY)).rejects.toMatchObject({ code: 1010 });
    await expire(app, id);
    await expect(use().open(callerOf('agent'), id)).rejects.toMatchObject({ code: 1006 });
    const ended = [{ field: 'context', reason: 'is not taken: the channel has ended' }];
    expect(await record(id, { context: { late: 'yes' } })).toEqual(ended);
    expect(await record(NOBODY, { context: { late: 'yes' } })).toEqual(ended);
  });

  it('remember endpoint and context of calls, until the endpoint goes', async () => {
    const id = await opened();
    const read = () => open(id, callerOf('agent'));
    const own = await newTarget(app);
    const { endpoint_id: endpointId } = target;
    expect(await record(id, { endpointId, context: { a: '1', b: '2' } })).toEqual([]);
    expect(await read()).toMatchObject({ endpointId, context: { a: '1', b: '2' } });
    await each(20, (n) => record(id, n % 2 === 0 ? { context: { [`k${n}`]: 'v', b: null } } : { endpointId }));
    expect((await read()).context).toMatchObject({ a: '1', k0: 'v', k18: 'v' });
    expect((await read()).context).not.toHaveProperty('b');
    // Of another Skill, or gone: none.
    for (const other of [own.endpoint_id, NOBODY]) {
      await record(id, { endpointId });
      await record(id, { endpointId: other });
      expect((await read()).endpointId).toBeNull();
    }
    const fresh = await newTarget(app);
    const channel = await openChannel(agent(), fresh);
    await record(channel.channel_id, { endpointId: fresh.endpoint_id });
    await admin.patch(`/skills/${fresh.skill_id}`, { endpoints: [{ url: 'http://elsewhere.example' }] }).expect(200);
    expect(await use().open(callerOf('agent'), channel.channel_id)).toMatchObject({ endpointId: null });
  });

  it('leave the transaction of a call in order when a context is beyond the limits', async () => {
    const id = await opened();
    await put(id, Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, 'v']))).expect(200);
    const { endpoint_id: endpointId } = target;
    await inTransaction(async (tx) => {
      const over = await use().record(tx, id, { context: toContext({ one: 'more', k0: 'lost' }) });
      expect(over).toEqual([{ field: 'context', reason: 'would give the context more than 100 keys' }]);
      const context = toContext({ k0: 'w', k1: 'x'.repeat(1025) });
      expect(await use().record(tx, id, { endpointId, context })).toEqual([
        { field: 'context.k1', reason: 'must have at most 1024 characters, or null' },
      ]);
    });
    expect(await contextOf(agent(), id)).toMatchObject({ k0: 'w' });
    await expect(
      inTransaction(async (tx) => {
        await use().record(tx, id, { context: toContext({ k0: 'lost' }) });
        throw new Error('the call failed');
      }),
    ).rejects.toThrow('the call failed');
    expect(await contextOf(agent(), id)).toMatchObject({ k0: 'w' });
  });

  it('are opened and used while their Skill is changed and deleted, without a deadlock or a 500', async () => {
    for (let round = 0; round < 4; round += 1) {
      const doomed = await newTarget(app);
      const { channel_id: id } = await openChannel(agent(), doomed);
      const { skill_id, capability_id, endpoint_id: endpointId } = doomed;
      const statuses = await each(24, async (n) => {
        if (n === 12) return (await admin.delete(`/skills/${skill_id}`)).status;
        if (n % 6 === 5)
          return (await admin.patch(`/skills/${skill_id}`, { endpoints: [{ url: `http://e${n}` }] })).status;
        if (n % 3 === 0) return (await agent(n).post('/channels/create', { skill_id, capability_id })).status;
        if (n % 3 === 1) return (await put(id, { [`k${n}`]: 'v' }, n)).status;
        return record(id, { endpointId, context: { [`r${n}`]: 'v' } }).then(() => 200);
      });
      expect(statuses.filter((status) => ![200, 204, 404].includes(status))).toEqual([]);
      expect(await app.database.query('SELECT FROM channels WHERE skill_id = $1', [skill_id])).toEqual([]);
    }
    const deadlocks = 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()';
    expect(await app.database.query(deadlocks)).toEqual([{ deadlocks: 0 }]);
  });

  it('go with a Skill that is deleted, and with their capability', async () => {
    for (const remove of [
      ({ skill_id }: Target) => admin.delete(`/skills/${skill_id}`).expect(204),
      ({ skill_id }: Target) => admin.patch(`/skills/${skill_id}`, { capabilities: [{ name: 'another' }] }).expect(200),
    ]) {
      const doomed = await newTarget(app);
      const { channel_id: id } = await openChannel(agent(), doomed);
      await put(id, { city: 'Berlin' }).expect(200);
      await remove(doomed);
      for (const [, call] of BY_ID) expectError(await call(agent(), id), 404, 1010);
      expect(await app.database.query('SELECT FROM channel_contexts WHERE channel_id = $1', [id])).toEqual([]);
    }
  });

  it('are opened once by an Idempotency-Key', async () => {
    const { skill_id, capability_id } = target;
    const send = (body: object, n = 0) =>
      agent(n)
        .post('/channels/create', { skill_id, capability_id, ...body })
        .set('idempotency-key', 'open-once');
    const answers = await each(8, (n) => send({}, n));
    const ids = answers.map(({ status, body }) => [status, body.data.channel_id as string]);
    expect(new Set(ids.map(String)).size).toBe(1);
    expectError(await send({ metadata: { other: 'body' } }), 400, 1001);
    const rows = await app.database.query(`SELECT FROM audit_entries WHERE target = $1`, [`channel:${ids[0]?.[1]}`]);
    expect(rows).toHaveLength(1);
  });

  it('leave nothing behind when the audit log cannot be written', async () => {
    const { channel_id: id } = await openChannel(agent(), target);
    const state = async () => [
      await app.database.query('SELECT * FROM channels ORDER BY id'),
      await app.database.query('SELECT * FROM channel_contexts ORDER BY id'),
    ];
    const before = await state();
    await app.database.query('ALTER TABLE audit_entries RENAME TO audit_entries_away');
    try {
      expectError(
        await agent().post('/channels/create', { skill_id: target.skill_id, capability_id: 'forecast' }),
        500,
        1007,
      );
      expectError(await put(id, { city: 'Berlin' }), 500, 1007);
      expectError(await agent().post(`/channels/${id}/close`), 500, 1007);
    } finally {
      await app.database.query('ALTER TABLE audit_entries_away RENAME TO audit_entries');
    }
    expect(await state()).toEqual(before);
  });
});
