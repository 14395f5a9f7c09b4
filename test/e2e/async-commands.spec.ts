import { answer, BEHAVIOURS, type Behaviour } from '../support/skill-server.js';
import { until } from '../support/until.js';
import { apiOf, expectError } from './api.js';
import { AsyncSite, SIGNING_SECRET } from './async-calls.js';
import { commandId } from './calls.js';

describe('asynchronous calls', () => {
  let site: AsyncSite;
  beforeAll(async () => {
    site = await AsyncSite.start();
  }, 300_000);
  afterAll(() => site.stop());
  afterEach(() => site.clear());

  describe('with a callback_url', () => {
    it('are accepted, made, and answered to the callback, signed', async () => {
      const { skill, skillId, capabilityId } = await site.registered();
      const id = commandId();
      const response = await site.calls.execute(skillId, {
        command_id: id,
        metadata: { a: 1 },
        callback_url: `${site.receiver.url}?token=secret-of-the-receiver`,
      });
      expect(response.status).toBe(202);
      const executionId = response.body.data.execution_id as string;
      expect(response.headers.location).toBe(`/api/v1/commands/executions/${executionId}`);
      expect(response.headers['preference-applied']).toBeUndefined();
      expect(response.body).toEqual({
        code: 0,
        message: 'success',
        data: {
          execution_id: expect.any(String),
          command_id: id,
          skill_id: skillId,
          capability_id: capabilityId,
          status: 'pending',
          result: null,
          output: null,
          error: null,
          error_detail: null,
          started_at: null,
          completed_at: null,
        },
      });
      await until(() => site.receiver.received.length > 0);
      const [callback] = site.receiver.received;
      expect(callback).toMatchObject({ isGenuine: true, path: '/callbacks?token=secret-of-the-receiver' });
      expect(callback?.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': executionId,
        'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
        'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      });
      expect(callback?.headers.authorization).toBeUndefined();
      const answered = { ...response.body.data, status: 'completed', result: { city: 'Berlin' }, output: 'done' };
      const times = { started_at: expect.stringMatching(/Z$/), completed_at: expect.stringMatching(/Z$/) };
      expect(callback?.body).toEqual({ ...answered, ...times });
      const details = await site.untilCallback(executionId, 'delivered');
      expect(details).toMatchObject({ ...answered, ...times, mode: 'async', try_count: 1 });
      expect(details.callback).toEqual({
        url: site.receiver.url,
        status: 'delivered',
        attempts: 1,
        last_error: null,
        last_status: 204,
        next_attempt_at: null,
        delivered_at: expect.stringMatching(/Z$/),
      });
      expect(skill.calls).toMatchObject([
        { body: { command_id: id, execution_id: executionId, parameters: { city: 'Berlin' }, metadata: { a: 1 } } },
      ]);
      expect(skill.calls[0]?.headers['x-ooder-caller']).toEqual(expect.any(String));
      expect(site.calls.app.logs.join('\n')).not.toContain('secret-of-the-receiver');
      expect(site.calls.app.logs.join('\n')).not.toContain(SIGNING_SECRET);
    });

    it('are the same call when they are sent again, also at the same time', async () => {
      let release: () => void = () => undefined;
      const accepted = new Promise<void>((resolve) => (release = resolve));
      const { skill, skillId } = await site.registered((call, response) => {
        void accepted.then(() => {
          BEHAVIOURS.echo(call, response);
        });
      });
      const id = commandId();
      const again = (overrides = {}) =>
        site.calls.execute(skillId, { command_id: id, callback_url: site.receiver.url, ...overrides }).then();
      const many = await Promise.all(Array.from({ length: 10 }, () => again()));
      const ids = [...new Set(many.map(({ body }) => body.data.execution_id as string))];
      expect(many.map(({ status }) => status)).toEqual(new Array(10).fill(202));
      expect(ids).toHaveLength(1);
      release();
      await site.untilCallback(ids[0] ?? '', 'delivered');
      const { status, body } = await again();
      expect([status, body.data.status, body.data.result]).toEqual([200, 'completed', { city: 'Berlin' }]);
      expect([skill.calls.length, site.receiver.received.length]).toEqual([1, 1]);
      const other = await again({ callback_url: `${site.receiver.url}/other` });
      expect(expectError(other, 400, 1001)).toEqual([
        'command_id was used for a different request before: send a new one, or none',
      ]);
    });

    it('tell what the Skill says went wrong, and try no more', async () => {
      const error = { code: 'E42', message: 'No such city' };
      const { skill, skillId } = await site.registered(answer({ code: 0, data: { status: 'failed', error } }));
      const id = await site.accept(skillId);
      await site.untilCallback(id, 'delivered');
      expect(site.receiver.of(id)).toMatchObject([
        { isGenuine: true, body: { status: 'failed', result: null, error: error.message, error_detail: error } },
      ]);
      expect(skill.calls).toHaveLength(1);
    });

    it('keep a long result until it is delivered', async () => {
      const text = 'x'.repeat(500_000);
      const result = { text, odd: '\u0000 \ud800' };
      const { skillId } = await site.registered(answer({ code: 0, data: { status: 'success', result } }));
      site.receiver.next = [(response) => response.writeHead(500).end()];
      const id = await site.accept(skillId);
      await until(async () => (await site.read(id)).callback?.last_status === 500);
      expect(await site.read(id)).toMatchObject({ status: 'completed', result, result_kept: true });
      await site.untilCallback(id, 'delivered');
      expect(site.receiver.of(id).map(({ body }) => body.result)).toEqual([result, result]);
      expect(await site.read(id)).toMatchObject({ status: 'completed', result: null, result_kept: false });
    });

    it('may be items of a batch', async () => {
      const { skillId } = await site.registered();
      const one = { skill_id: skillId, capability_id: 'forecast', parameters: { city: 'Rome' } };
      const commands = [
        { ...one, command_id: commandId(), callback_url: site.receiver.url },
        { ...one, command_id: commandId(), callback_url: 'ftp://x/' },
        { ...one, command_id: commandId() },
      ];
      const { body } = await site.calls.agent.post('/commands/batch', { commands }).expect(200);
      expect(body.data.results).toMatchObject([
        { execution: { status: 'pending' } },
        { code: 1001, message: 'Bad parameter; callback_url must be a valid http or https URL' },
        { execution: { status: 'completed' } },
      ]);
      await site.untilCallback(body.data.results[0].execution.execution_id as string, 'delivered');
    });

    it('go through channels, as they then are', async () => {
      const { skill, skillId, capabilityId } = await site.registered();
      const open = async () => {
        const created = await site.calls.agent.post('/channels/create', {
          skill_id: skillId,
          capability_id: capabilityId,
        });
        return created.body.data.channel_id as string;
      };
      const channel = await open();
      await site.calls.agent.put(`/channels/${channel}/context`, { a: '1' }).expect(200);
      const call = (channelId: string) => ({
        command_id: commandId(),
        channel_id: channelId,
        parameters: { city: 'Oslo' },
        callback_url: site.receiver.url,
      });
      const { body } = await site.calls.agent.post('/commands/execute', call(channel)).expect(202);
      await site.untilCallback(body.data.execution_id as string, 'delivered');
      expect(skill.calls).toMatchObject([{ body: { channel_id: channel, context: { a: '1' } } }]);
      await skill.stop();
      // Closed while the call waits for the next attempt.
      const waiting = await site.calls.agent.post('/commands/execute', call(channel)).expect(202);
      const id = waiting.body.data.execution_id as string;
      await until(async () => (await site.read(id)).error !== null);
      await site.calls.agent.post(`/channels/${channel}/close`).expect(200);
      const details = await site.untilCallback(id, 'delivered');
      expect(details).toMatchObject({ status: 'failed', error_detail: { code: 1006 } });
    });
  });

  describe('with Prefer: respond-async', () => {
    it.each(['respond-async', 'handling=lenient, Respond-Async; x=1, wait=10'])('%s are accepted', async (prefer) => {
      const { skillId } = await site.registered(
        answer({ code: 0, data: { status: 'success', result: 'x'.repeat(5_000) } }),
      );
      const id = commandId();
      const response = await site.calls.execute(skillId, { command_id: id }).set('prefer', prefer).expect(202);
      expect(response.headers['preference-applied']).toBe('respond-async');
      expect(response.body.data.status).toBe('pending');
      const executionId = response.body.data.execution_id as string;
      await until(async () => (await site.read(executionId)).status === 'completed');
      // Reading it is the only way to have it.
      expect(await site.read(executionId)).toMatchObject({ callback: null, mode: 'async', result: 'x'.repeat(5_000) });
      const again = await site.calls.execute(skillId, { command_id: id }).expect(200);
      expect(again.body.data).toMatchObject({ execution_id: executionId, status: 'completed' });
      expectError(await site.calls.agent.post(`/commands/executions/${executionId}/callback`), 404, 1010);
    });

    it.each(['wait=10', 'respond-asynchronously', 'x="respond-async"', ''])('%s are made in place', async (prefer) => {
      const { skillId } = await site.registered();
      const response = await site.calls.execute(skillId).set('prefer', prefer).expect(200);
      expect(response.headers['preference-applied']).toBeUndefined();
      expect(response.body.data.status).toBe('completed');
    });
  });

  describe('are refused before they are accepted', () => {
    it.each([
      ['no text', 7, 'must be a string'],
      ['another scheme', 'ftp://example.com/', 'must be a valid http or https URL'],
      ['a WebSocket', 'ws://example.com/', 'must be a valid http or https URL'],
      ['no URL', 'http:example.com', 'must be a valid http or https URL'],
      ['credentials', 'https://me:secret@example.com/', 'must not hold credentials'],
      ['a fragment', 'https://example.com/#x', 'must not hold a fragment'],
      ['a long one', `https://example.com/${'x'.repeat(2_048)}`, 'must have at most 2048 characters'],
    ])('with %s for a callback_url', async (_, callback_url, reason) => {
      const { skillId } = await site.registered();
      const refused = await site.calls.execute(skillId, { callback_url, timeout: 0 });
      const faults = expectError(refused, 400, 1001);
      expect(faults.filter((fault) => fault.startsWith('timeout'))).toHaveLength(1);
      expect(faults.filter((fault) => fault.startsWith('callback_url'))).toEqual([`callback_url ${reason}`]);
    });

    it('for whatever a call in place is refused for, and leave nothing', async () => {
      const { skill, skillId, capabilityId } = await site.registered(BEHAVIOURS.echo, {
        capabilities: [{ name: 'forecast', parameters: { city: { type: 'string', required: true } } }],
      });
      const channel = await site.calls.agent.post('/channels/create', {
        skill_id: skillId,
        capability_id: capabilityId,
      });
      const channelId = channel.body.data.channel_id as string;
      await site.calls.agent.post(`/channels/${channelId}/close`).expect(200);
      const post = (overrides: object) =>
        site.calls.execute(skillId, { callback_url: site.receiver.url, ...overrides });
      expectError(await post({ parameters: {} }), 400, 1001);
      expectError(await post({ timeout: 3_000_000 }), 400, 1001);
      expectError(await post({ skill_id: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10' }), 404, 1004);
      expectError(await post({ capability_id: 'none' }), 404, 1005);
      expectError(await post({ channel_id: channelId, capability_id: undefined }), 409, 1006);
      await site.calls.admin.put(`/capabilities/${capabilityId}/status`, { status: 'disabled' }).expect(200);
      expectError(await post({}), 503, 2004);
      await site.calls.admin.put(`/capabilities/${capabilityId}/status`, { status: 'enabled' }).expect(200);
      await site.calls.app.database.query(`UPDATE skill_endpoints SET health = 'unhealthy' WHERE skill_id = $1`, [
        skillId,
      ]);
      expectError(await post({}), 503, 2003);
      const kept = await site.calls.app.database.query('SELECT FROM executions WHERE skill_id = $1', [skillId]);
      expect([kept, skill.calls]).toEqual([[], []]);
    });
  });

  describe('that nobody serves', () => {
    it('are tried again, and find a Skill that has moved', async () => {
      const { skill, skillId, name } = await site.registered();
      await skill.stop();
      const id = await site.accept(skillId);
      await until(async () => (await site.read(id)).error_detail?.code === 2003);
      expect(await site.read(id)).toMatchObject({ status: 'pending', callback: { status: 'pending', attempts: 0 } });
      await site.calls.app.database.query('DELETE FROM skill_endpoints WHERE skill_id = $1', [skillId]);
      const moved = await site.calls.serveOne();
      await site.calls.admin.post(`/skills/register`, {
        name,
        version: '1.0.0',
        endpoints: [{ url: moved.url }],
        capabilities: [{ name: 'forecast', version: '1.0.0' }],
      });
      expect(await site.untilCallback(id, 'delivered')).toMatchObject({ status: 'completed', error: null });
      expect(moved.calls.map(({ body }) => body.execution_id)).toEqual([id]);
      expect(site.receiver.of(id)).toMatchObject([{ body: { status: 'completed', error: null } }]);
    });

    it('are tried again until their time is over when the Skill resets, hangs or answers 503', async () => {
      const cases: [Behaviour, object][] = [
        [BEHAVIOURS.resets, { code: 2003 }],
        [BEHAVIOURS.hangs, { code: 2006 }],
        [answer({ code: 'BUSY', message: 'Later' }, 503), { code: 'BUSY' }],
      ];
      await Promise.all(
        cases.map(async ([behaviour, detail]) => {
          const { skill, skillId } = await site.registered(behaviour);
          const id = await site.accept(skillId, { timeout: 200 });
          const details = await site.untilCallback(id, 'delivered');
          expect(details).toMatchObject({ status: 'failed', error_detail: detail });
          expect(site.receiver.of(id)).toMatchObject([
            { body: { status: 'failed', error: details.error, error_detail: details.error_detail } },
          ]);
          expect(skill.calls.length).toBeGreaterThan(1);
          expect(new Set(skill.calls.map(({ body }) => body.execution_id))).toEqual(new Set([id]));
        }),
      );
    });

    it('are not made for a client that was disabled, nor beyond the Spaces that it has left', async () => {
      const { skill, skillId } = await site.registered(BEHAVIOURS.resets);
      const { clientId, token } = await site.calls.app.client('agent');
      const accepted = await site.calls
        .execute(skillId, { callback_url: site.receiver.url }, apiOf(site.calls.app, token))
        .expect(202);
      const id = accepted.body.data.execution_id as string;
      await until(() => skill.calls.length > 0);
      await site.calls.app.database.query(`UPDATE clients SET spaces = '{elsewhere}' WHERE client_id = $1`, [clientId]);
      await until(() => site.receiver.of(id).length > 0);
      expect(site.receiver.of(id)).toMatchObject([{ body: { status: 'failed', error_detail: { code: 1004 } } }]);
      const second = await site.calls
        .execute(skillId, { callback_url: site.receiver.url }, site.calls.admin)
        .expect(202);
      await site.calls.app.database.query(`UPDATE clients SET disabled = true WHERE client_id = 'admin'`);
      await until(() => site.receiver.of(second.body.data.execution_id as string).length > 0);
      await site.calls.app.database.query(`UPDATE clients SET disabled = false WHERE client_id = 'admin'`);
      expect(site.receiver.of(second.body.data.execution_id as string)).toMatchObject([
        { body: { error_detail: { code: 1003 } } },
      ]);
    });
  });
});
