import { startTestApp, type TestApp } from '../support/test-app.js';
import { auditEntries } from './audit-entries.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf, NOBODY, TIME, UUID } from './api.js';
import { BY_ID, type Channel, channelOf, contextOf, expire, newTarget, openChannel, type Target } from './channels.js';

const keys = (count: number, prefix = 'k') =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, 'v']));

describe('channels', () => {
  let app: TestApp;
  let admin: Api;
  let agent: Api;
  let clientId: string;
  let target: Target;
  beforeAll(async () => {
    app = await startTestApp();
    admin = apiOf(app);
    const client = await app.client('agent');
    clientId = client.clientId;
    agent = apiOf(app, client.token);
    target = await newTarget(app);
  });
  afterAll(() => app.close());

  const create = (body: object, api = agent) => api.post('/channels/create', body);
  const put = (id: string, context: object, api = agent) => api.put(`/channels/${id}/context`, context);

  it('are created, read, filled, and closed; a second close answers the same', async () => {
    const { skill_id, capability_id } = target;
    const created = await create({ skill_id, capability_id, metadata: { purpose: '旅行' } }).expect(200);
    expect(created.body).toEqual({
      code: 0,
      message: 'success',
      data: {
        channel_id: expect.stringMatching(UUID),
        skill_id,
        capability_id,
        client_id: clientId,
        status: 'open',
        metadata: { purpose: '旅行' },
        created_at: expect.stringMatching(TIME),
        expiry_time: expect.stringMatching(TIME),
        closed_at: null,
      },
    });
    const channel = created.body.data as Channel;
    const id = channel.channel_id;
    expect(Date.parse(channel.expiry_time) - Date.parse(channel.created_at)).toBe(3_600_000);
    expect(await channelOf(agent, id.toUpperCase())).toEqual(channel);
    const filled = await put(id, { city: 'Berlin', 'a b': '', '🌦': 'x'.repeat(1024) }).expect(200);
    expect(filled.body.data).toEqual({
      channel_id: id,
      context: { city: 'Berlin', 'a b': '', '🌦': 'x'.repeat(1024) },
    });
    await put(id, { city: 'Paris', 'a b': null, '🌦': null, 'never there': null }).expect(200);
    await put(id, {}).expect(200);
    expect(await contextOf(agent, id)).toEqual({ city: 'Paris' });
    const closed = await agent.post(`/channels/${id}/close/`).expect(200);
    expect(closed.body.data).toEqual({ ...channel, status: 'closed', closed_at: expect.stringMatching(TIME) });
    expect((await agent.post(`/channels/${id}/close`).expect(200)).body).toEqual(closed.body);
    expect(await channelOf(agent, id)).toEqual(closed.body.data);
    expect(await contextOf(agent, id)).toEqual({ city: 'Paris' });
  });

  it('are in the audit log, without the context, once for each change', async () => {
    const { channel_id: id } = await openChannel(agent, target);
    await put(id, { pin: '1234' }).expect(200);
    await agent.post(`/channels/${id}/close`).expect(200);
    await agent.post(`/channels/${id}/close`).expect(200);
    const entries = await auditEntries(admin, { target: `channel:${id}` });
    expect(entries.map(({ action, actor, result }) => [action, actor, result]).toSorted()).toEqual([
      ['channel.close', clientId, 'success'],
      ['channel.context', clientId, 'success'],
      ['channel.create', clientId, 'success'],
    ]);
  });

  it('take a capability by its name, also where the name looks like the id of another', async () => {
    const first = await newTarget(app);
    const { body } = await admin.patch(`/skills/${first.skill_id}`, {
      capabilities: [{ name: 'forecast' }, { name: first.capability_id.toUpperCase() }, { name: NOBODY }],
    });
    const [forecast, , nobody] = body.capabilities as { capability_id: string }[];
    const idOf = async (capability_id: string) => (await openChannel(agent, { ...first, capability_id })).capability_id;
    expect(await idOf('forecast')).toBe(first.capability_id);
    expect(await idOf(first.capability_id.toUpperCase())).toBe(forecast?.capability_id);
    expect(await idOf(NOBODY)).toBe(nobody?.capability_id);
  });

  it('are only created to what is there and enabled', async () => {
    const { skill_id, capability_id } = await newTarget(app);
    const other = await newTarget(app);
    expectError(await create({ skill_id: NOBODY, capability_id }), 404, 1004);
    expectError(await create({ skill_id, capability_id: 'nothing' }), 404, 1005);
    expectError(await create({ skill_id, capability_id: NOBODY }), 404, 1005);
    expectError(await create({ skill_id, capability_id: other.capability_id }), 404, 1005);
    await admin.put(`/capabilities/${capability_id}/status`, { status: 'disabled' }).expect(200);
    expectError(await create({ skill_id, capability_id }), 503, 2004);
    expectError(await create({ skill_id, capability_id: 'forecast' }), 503, 2004);
    await admin.put(`/capabilities/${capability_id}/status`, { status: 'enabled' }).expect(200);
    await create({ skill_id, capability_id }).expect(200);
  });

  it('live until the time that is asked for, within a day', async () => {
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
    const soon = at(120);
    expect((await openChannel(agent, target, { expiry_time: soon })).expiry_time).toBe(soon);
    const offset = at(7200).replace('Z', '000+00:00');
    await openChannel(agent, target, { expiry_time: offset });
    await openChannel(agent, target, { expiry_time: at(86_390) });
    for (const expiry_time of [at(86_460), '9999-12-31T23:59:59Z', at(-1), '1970-01-01T00:00:00Z']) {
      const [fault] = expectError(await create({ ...target, endpoint_id: undefined, expiry_time }), 400, 1001);
      expect(fault).toMatch(/^expiry_time must be in the future/);
    }
  });

  it('are told every fault at once', async () => {
    const answer = await create({
      skill_id: ' ',
      capability_id: '',
      metadata: { ['k'.repeat(65)]: 'x', ok: 1, long: 'x'.repeat(513) },
      expiry_time: '2020-01-01',
      colour: 'red',
    });
    const faults = expectError(answer, 400, 1001);
    expect(faults.map((fault) => fault.split(' ')[0]).toSorted()).toEqual([
      'capability_id',
      'colour',
      'expiry_time',
      'metadata',
      'skill_id',
    ]);
    expect(faults.find((fault) => fault.startsWith('metadata'))).toMatch(/64 characters.*ok must be a string.*512/);
    expect(expectError(await create({}), 400, 1001)).toEqual(['skill_id is required', 'capability_id is required']);
    expect(
      expectError(await create({ skill_id: 5, capability_id: NOBODY, expiry_time: '2020-01-01T00:00:00Z' }), 400, 1001),
    ).toHaveLength(2);
  });

  it.each<[string, object]>([
    ['metadata that is a list', { metadata: [] }],
    ['metadata that is null', { metadata: null }],
    ['metadata that nests', { metadata: { a: { b: 'c' } } }],
    ['metadata with null', { metadata: { a: null } }],
    ['metadata with NUL', { metadata: { a: '\u0000' } }],
    ['metadata with half a pair', { metadata: { '\ud800': 'a' } }],
    ['metadata with a blank key', { metadata: { ' ': 'a' } }],
    ['51 entries of metadata', { metadata: keys(51) }],
    ['a prototype', { metadata: JSON.parse('{"__proto__": "x"}') as object }],
    ['a capability that is long', { capability_id: 'x'.repeat(256) }],
    ['a capability with NUL', { capability_id: '\u0000' }],
    ['a capability that is a list', { capability_id: ['forecast'] }],
    ['a time without an offset', { expiry_time: '2099-01-01T00:00:00' }],
    ['a time that is a number', { expiry_time: 4_000_000_000 }],
    ['a day that is none', { expiry_time: '2099-02-30T00:00:00Z' }],
  ])('are not created with %s', async (_, wrong) => {
    const { skill_id, capability_id } = target;
    expectError(await create({ skill_id, capability_id, ...wrong }), 400, 1001);
  });

  it('hold metadata to the limits', async () => {
    const metadata = { ...keys(48), ['é'.repeat(64)]: '🌦'.repeat(512), empty: '' };
    const { channel_id } = await openChannel(agent, target, { metadata });
    expect((await channelOf(agent, channel_id)).metadata).toEqual(metadata);
  });

  it('take a context to the limits, and tell every fault of what is beyond', async () => {
    const { channel_id: id } = await openChannel(agent, target);
    const faults = expectError(
      await put(id, {
        ['x'.repeat(65)]: 'a',
        '': 'b',
        list: ['x'.repeat(1021)],
        long: 'x'.repeat(1025),
        fine: 'yes',
      }),
      400,
      1001,
    );
    expect(faults).toHaveLength(4);
    expect(faults).toEqual(
      expect.arrayContaining([
        'list must have at most 1024 characters as JSON, or null',
        'long must have at most 1024 characters, or null',
      ]),
    );
    for (const wrong of [[], 'text', 5, true, [{ a: 'b' }]]) {
      const answer = await agent
        .put(`/channels/${id}/context`)
        .set('content-type', 'application/json')
        .send(JSON.stringify(wrong));
      expect(expectError(answer, 400, 1001)).toEqual(['body must be an object; null removes a key']);
    }
    expectError(await agent.put(`/channels/${id}/context`), 400, 1001);
    expectError(await put(id, { a: '\u0000' }), 400, 1001);
    expectError(await put(id, { a: '\ud800' }), 400, 1001);
    expect(expectError(await put(id, keys(101)), 400, 1001)).toEqual(['body must have at most 100 entries']);
    expect(await contextOf(agent, id)).toEqual({});
    await put(id, { ...keys(99), ['🌦'.repeat(64)]: '🌦'.repeat(1024) }).expect(200);
    const [fault] = expectError(await put(id, { k0: 'changed', k1: null, one: 'x', two: 'x' }), 400, 1001);
    expect(fault).toBe('body would give the context more than 100 keys');
    expect(await contextOf(agent, id)).toMatchObject({ k0: 'v', k1: 'v' });
    await put(id, { k0: 'changed', k1: null, one: 'x' }).expect(200);
    expect(Object.keys(await contextOf(agent, id))).toHaveLength(100);
    await put(id, { one: 'again' }).expect(200);
  });

  it.each(BY_ID)('are not there for others than their client: %s', async (_, call) => {
    const channel = await openChannel(agent, target);
    const id = channel.channel_id;
    await put(id, { mine: 'yes' }).expect(200);
    const stranger = await app.client('agent');
    for (const api of [apiOf(app, stranger.token), keyApiOf(app, (await apiKeyOf(app, stranger.clientId)).key)]) {
      const [hidden, missing] = [await call(api, id), await call(api, NOBODY)];
      expectError(hidden, 404, 1010);
      expectError(missing, 404, 1010);
      expect(hidden.body.message).toBe(missing.body.message);
      expect((await api.get('/channels').expect(200)).body.data).toMatchObject({ total: 0, channels: [] });
    }
    expect(await channelOf(agent, id)).toEqual(channel);
    expect(await contextOf(agent, id)).toEqual({ mine: 'yes' });
    expectError(await call(agent, 'seven'), 400, 1001);
    expect((await call(keyApiOf(app, (await apiKeyOf(app, clientId)).key), id)).status).toBe(200);
    expect((await call(admin, (await openChannel(agent, target)).channel_id)).status).toBe(200);
  });

  it.each(BY_ID)('are reached within the Spaces of a client only: %s', async (name, call) => {
    const space = `room-${name.replaceAll(' ', '-')}`;
    const client = await app.client('agent', space);
    const limited = apiOf(app, client.token);
    const inside = await newTarget(app, { space_id: space });
    expectError(await create({ ...target, endpoint_id: undefined }, limited), 404, 1004);
    const { channel_id } = await openChannel(limited, inside);
    expect((await call(limited, (await openChannel(limited, inside)).channel_id)).status).toBe(200);
    for (const space_id of ['elsewhere', null]) {
      await admin.patch(`/skills/${inside.skill_id}`, { space_id }).expect(200);
      expectError(await call(limited, channel_id), 404, 1010);
      expect((await limited.get('/channels').expect(200)).body.data).toMatchObject({ total: 0, channels: [] });
    }
    expect((await channelOf(admin, channel_id)).status).toBe('open');
  });

  it('that are closed or expired take no context, and say which', async () => {
    const closed = (await openChannel(agent, target)).channel_id;
    await put(closed, { kept: 'yes' }).expect(200);
    await agent.post(`/channels/${closed}/close`).expect(200);
    const expired = (await openChannel(agent, target)).channel_id;
    await put(expired, { kept: 'yes' }).expect(200);
    await expire(app, expired);
    for (const [id, reason] of [
      [closed, 'is closed'],
      [expired, 'has expired'],
    ] as const) {
      for (const api of [agent, admin]) {
        expect(expectError(await put(id, { kept: null }, api), 409, 1006)).toEqual([`channel_id ${reason}`]);
      }
      expect(await contextOf(agent, id)).toEqual({ kept: 'yes' });
    }
    const channel = await channelOf(agent, expired);
    expect(channel).toMatchObject({ status: 'closed', closed_at: channel.expiry_time });
    expect((await agent.post(`/channels/${expired}/close`).expect(200)).body.data).toEqual(channel);
    expectError(await put(closed, { '': 5 }), 400, 1001);
  });

  it('are listed by status and Skill, page by page, oldest first', async () => {
    const client = await app.client('agent');
    const api = apiOf(app, client.token);
    const other = await newTarget(app);
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) ids.push((await openChannel(api, n < 5 ? target : other)).channel_id);
    await api.post(`/channels/${ids[0] ?? ''}/close`).expect(200);
    await expire(app, ids[1] ?? '');
    const list = async (query: string, by = api) => {
      const { data } = (await by.get(`/channels?${query}`).expect(200)).body;
      return { ...data, channels: (data.channels as Channel[]).map(({ channel_id }) => channel_id) } as {
        total: number;
        channels: string[];
      };
    };
    expect(await list('')).toEqual({ total: 7, page: 1, page_size: 10, channels: ids });
    expect(await list('page=2&page_size=3')).toMatchObject({
      total: 7,
      page: 2,
      page_size: 3,
      channels: ids.slice(3, 6),
    });
    expect(await list('page=4&page_size=3')).toMatchObject({ total: 7, channels: [] });
    expect(await list('status=closed')).toMatchObject({ total: 2, channels: ids.slice(0, 2) });
    expect(await list('status=open')).toMatchObject({ total: 5, channels: ids.slice(2) });
    expect(await list('status=error')).toMatchObject({ total: 0 });
    expect(await list(`skill_id=${other.skill_id.toUpperCase()}&status=open`)).toMatchObject({
      channels: ids.slice(5),
    });
    expect(await list(`skill_id=${NOBODY}`)).toMatchObject({ total: 0 });
    expect((await list(`skill_id=${other.skill_id}`, admin)).channels).toEqual(ids.slice(5));
    expect((await list('page_size=100', admin)).total).toBeGreaterThan(7);
    for (const query of [
      'page=0',
      'page_size=101',
      'status=expired',
      'skill_id=',
      'client_id=x',
      'status=open&status=open',
    ])
      expectError(await api.get(`/channels?${query}`), 400, 1001);
  });

  it('stay open when their capability is disabled', async () => {
    const switched = await newTarget(app);
    const { channel_id: id } = await openChannel(agent, switched);
    await admin.put(`/capabilities/${switched.capability_id}/status`, { status: 'disabled' }).expect(200);
    await put(id, { city: 'Berlin' }).expect(200);
    expect((await channelOf(agent, id)).status).toBe('open');
  });
});
