import { setTimeout as delay } from 'node:timers/promises';
import { CallbackServer } from '../support/callback-server.js';
import { answer, BEHAVIOURS, type Behaviour } from '../support/skill-server.js';
import { startTestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { apiOf, expectError } from './api.js';
import { CallSite, commandId } from './calls.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

interface Details {
  execution_id: string;
  status: string;
  result: unknown;
  result_kept: boolean;
  error: { code: number; message: string } | null;
  mode: string;
  tries: number;
  callback: {
    url: string;
    status: string;
    attempts: number;
    last_error: string | null;
    last_status: number | null;
    next_attempt_at: string | null;
    delivered_at: string | null;
  } | null;
}

describe('asynchronous calls', () => {
  let site: CallSite;
  let receiver: CallbackServer;
  const env = {
    COMMAND_TRY_TIMEOUT: '300',
    COMMAND_KEPT_RESULT_BYTES: '1000',
    COMMAND_QUEUE_POLL: '100',
    COMMAND_QUEUE_LEASE: '1000',
    COMMAND_QUEUE_RETRY_FOR: '4',
    COMMAND_BREAKER_PAUSE: '200',
    // Longer than the ten seconds that a receiver may take.
    CALLBACK_RETRY_FOR: '12',
    CALLBACK_SIGNING_SECRET: SECRET,
  };
  beforeAll(async () => {
    site = await CallSite.start(env);
    receiver = await CallbackServer.start(SECRET);
  }, 300_000);
  afterAll(async () => {
    await site.app.close();
    await receiver.stop();
  });
  afterEach(async () => {
    await site.stopSkills();
    receiver.received.length = 0;
  });

  const accept = async (skillId: string, overrides: object = {}): Promise<string> => {
    const { body } = await site.execute(skillId, { callback_url: receiver.url, ...overrides }).expect(202);
    return body.data.execution_id as string;
  };
  const read = async (id: string, api = site.agent): Promise<Details> =>
    (await api.get(`/commands/executions/${id}`).expect(200)).body.data as Details;
  const untilCallback = async (id: string, status: string): Promise<Details> => {
    await until(async () => (await read(id)).callback?.status === status, 20_000);
    return read(id);
  };
  const registered = async (behaviour?: Behaviour, overrides = {}) => {
    const skill = await site.serveOne(behaviour);
    return { skill, ...(await site.register([{ url: skill.url }], overrides)) };
  };

  describe('with a callback_url', () => {
    it('are accepted, made, and answered to the callback, signed', async () => {
      const { skill, skillId, capabilityId } = await registered();
      const id = commandId();
      const response = await site.execute(skillId, {
        command_id: id,
        metadata: { a: 1 },
        callback_url: `${receiver.url}?token=secret-of-the-receiver`,
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
          started_at: null,
          completed_at: null,
        },
      });
      await until(() => receiver.received.length > 0);
      const [callback] = receiver.received;
      expect(callback).toMatchObject({ isGenuine: true, path: '/callbacks?token=secret-of-the-receiver' });
      expect(callback?.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': executionId,
        'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
        'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      });
      expect(callback?.headers.authorization).toBeUndefined();
      const answered = { ...response.body.data, status: 'success', result: { city: 'Berlin' }, output: 'done' };
      const times = { started_at: expect.stringMatching(/Z$/), completed_at: expect.stringMatching(/Z$/) };
      expect(callback?.body).toEqual({ ...answered, ...times });
      const details = await untilCallback(executionId, 'delivered');
      expect(details).toMatchObject({ ...answered, ...times, mode: 'async', tries: 1 });
      expect(details.callback).toEqual({
        url: receiver.url,
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
      expect(site.app.logs.join('\n')).not.toContain('secret-of-the-receiver');
      expect(site.app.logs.join('\n')).not.toContain(SECRET);
    });

    it('are the same call when they are sent again, also at the same time', async () => {
      const { skill, skillId } = await registered((call, response) => {
        setTimeout(() => {
          BEHAVIOURS.echo(call, response);
        }, 100);
      });
      const id = commandId();
      const again = (overrides = {}) =>
        site.execute(skillId, { command_id: id, callback_url: receiver.url, ...overrides }).then();
      const many = await Promise.all(Array.from({ length: 10 }, () => again()));
      const ids = [...new Set(many.map(({ body }) => body.data.execution_id as string))];
      expect(many.map(({ status }) => status)).toEqual(new Array(10).fill(202));
      expect(ids).toHaveLength(1);
      await untilCallback(ids[0] ?? '', 'delivered');
      const { status, body } = await again();
      expect([status, body.data.status, body.data.result]).toEqual([200, 'success', { city: 'Berlin' }]);
      expect([skill.calls.length, receiver.received.length]).toEqual([1, 1]);
      const other = await again({ callback_url: `${receiver.url}/other` });
      expect(expectError(other, 400, 1001)).toEqual(['command_id was used for a different request before']);
    });

    it('tell what the Skill says went wrong, and try no more', async () => {
      const error = { code: 'E42', message: 'No such city' };
      const { skill, skillId } = await registered(answer({ code: 0, data: { status: 'failed', error } }));
      const id = await accept(skillId);
      await untilCallback(id, 'delivered');
      expect(receiver.of(id)).toMatchObject([{ isGenuine: true, body: { status: 'failed', result: null, error } }]);
      expect(skill.calls).toHaveLength(1);
    });

    it('keep a long result until it is delivered', async () => {
      const text = 'x'.repeat(500_000);
      const result = { text, odd: '\u0000 \ud800' };
      const { skillId } = await registered(answer({ code: 0, data: { status: 'success', result } }));
      receiver.next = [(response) => response.writeHead(500).end()];
      const id = await accept(skillId);
      await until(async () => (await read(id)).callback?.last_status === 500);
      expect(await read(id)).toMatchObject({ status: 'success', result, result_kept: true });
      await untilCallback(id, 'delivered');
      expect(receiver.of(id).map(({ body }) => body.result)).toEqual([result, result]);
      expect(await read(id)).toMatchObject({ status: 'success', result: null, result_kept: false });
    });

    it('may be items of a batch', async () => {
      const { skillId } = await registered();
      const one = { skill_id: skillId, capability_id: 'forecast', parameters: { city: 'Rome' } };
      const commands = [
        { ...one, command_id: commandId(), callback_url: receiver.url },
        { ...one, command_id: commandId(), callback_url: 'ftp://x/' },
        { ...one, command_id: commandId() },
      ];
      const { body } = await site.agent.post('/commands/batch', { commands }).expect(200);
      expect(body.data.results).toMatchObject([
        { execution: { status: 'pending' } },
        { code: 1001, message: 'Bad parameter; callback_url must be a valid http or https URL' },
        { execution: { status: 'success' } },
      ]);
      await untilCallback(body.data.results[0].execution.execution_id as string, 'delivered');
    });

    it('go through channels, as they then are', async () => {
      const { skill, skillId, capabilityId } = await registered();
      const open = async () => {
        const created = await site.agent.post('/channels/create', { skill_id: skillId, capability_id: capabilityId });
        return created.body.data.channel_id as string;
      };
      const channel = await open();
      await site.agent.put(`/channels/${channel}/context`, { a: '1' }).expect(200);
      const call = (channelId: string) => ({
        command_id: commandId(),
        channel_id: channelId,
        parameters: { city: 'Oslo' },
        callback_url: receiver.url,
      });
      const { body } = await site.agent.post('/commands/execute', call(channel)).expect(202);
      await untilCallback(body.data.execution_id as string, 'delivered');
      expect(skill.calls).toMatchObject([{ body: { channel_id: channel, context: { a: '1' } } }]);
      await skill.stop();
      // Closed while the call waits for the next attempt.
      const waiting = await site.agent.post('/commands/execute', call(channel)).expect(202);
      const id = waiting.body.data.execution_id as string;
      await until(async () => (await read(id)).error !== null);
      await site.agent.post(`/channels/${channel}/close`).expect(200);
      const details = await untilCallback(id, 'delivered');
      expect(details).toMatchObject({ status: 'failed', error: { code: 1006 } });
    });
  });

  describe('with Prefer: respond-async', () => {
    it.each(['respond-async', 'handling=lenient, Respond-Async; x=1, wait=10'])('%s are accepted', async (prefer) => {
      const { skillId } = await registered(answer({ code: 0, data: { status: 'success', result: 'x'.repeat(5_000) } }));
      const id = commandId();
      const response = await site.execute(skillId, { command_id: id }).set('prefer', prefer).expect(202);
      expect(response.headers['preference-applied']).toBe('respond-async');
      expect(response.body.data.status).toBe('pending');
      const executionId = response.body.data.execution_id as string;
      await until(async () => (await read(executionId)).status === 'success');
      // Reading it is the only way to have it.
      expect(await read(executionId)).toMatchObject({ callback: null, mode: 'async', result: 'x'.repeat(5_000) });
      const again = await site.execute(skillId, { command_id: id }).expect(200);
      expect(again.body.data).toMatchObject({ execution_id: executionId, status: 'success' });
      expectError(await site.agent.post(`/commands/executions/${executionId}/callback`), 404, 1010);
    });

    it.each(['wait=10', 'respond-asynchronously', 'x="respond-async"', ''])('%s are made in place', async (prefer) => {
      const { skillId } = await registered();
      const response = await site.execute(skillId).set('prefer', prefer).expect(200);
      expect(response.headers['preference-applied']).toBeUndefined();
      expect(response.body.data.status).toBe('success');
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
      const { skillId } = await registered();
      const refused = await site.execute(skillId, { callback_url, timeout: 0 });
      const faults = expectError(refused, 400, 1001);
      expect(faults.filter((fault) => fault.startsWith('timeout'))).toHaveLength(1);
      expect(faults.filter((fault) => fault.startsWith('callback_url'))).toEqual([`callback_url ${reason}`]);
    });

    it('for whatever a call in place is refused for, and leave nothing', async () => {
      const { skill, skillId, capabilityId } = await registered(BEHAVIOURS.echo, {
        capabilities: [{ name: 'forecast', parameters: { city: { type: 'string', required: true } } }],
      });
      const channel = await site.agent.post('/channels/create', { skill_id: skillId, capability_id: capabilityId });
      const channelId = channel.body.data.channel_id as string;
      await site.agent.post(`/channels/${channelId}/close`).expect(200);
      const post = (overrides: object) => site.execute(skillId, { callback_url: receiver.url, ...overrides });
      expectError(await post({ parameters: {} }), 400, 1001);
      expectError(await post({ timeout: 3_000_000 }), 400, 1001);
      expectError(await post({ skill_id: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10' }), 404, 1004);
      expectError(await post({ capability_id: 'none' }), 404, 1005);
      expectError(await post({ channel_id: channelId, capability_id: undefined }), 409, 1006);
      await site.admin.put(`/capabilities/${capabilityId}/status`, { status: 'disabled' }).expect(200);
      expectError(await post({}), 503, 2004);
      await site.admin.put(`/capabilities/${capabilityId}/status`, { status: 'enabled' }).expect(200);
      await site.app.database.query(`UPDATE skill_endpoints SET health = 'unhealthy' WHERE skill_id = $1`, [skillId]);
      expectError(await post({}), 503, 2003);
      const kept = await site.app.database.query('SELECT FROM executions WHERE skill_id = $1', [skillId]);
      expect([kept, skill.calls]).toEqual([[], []]);
    });
  });

  describe('that nobody serves', () => {
    it('are tried again, and find a Skill that has moved', async () => {
      const { skill, skillId, name } = await registered();
      await skill.stop();
      const id = await accept(skillId);
      await until(async () => (await read(id)).error?.code === 2003);
      expect(await read(id)).toMatchObject({ status: 'pending', callback: { status: 'pending', attempts: 0 } });
      await site.app.database.query('DELETE FROM skill_endpoints WHERE skill_id = $1', [skillId]);
      const moved = await site.serveOne();
      await site.admin.post(`/skills/register`, {
        name,
        version: '1.0.0',
        endpoints: [{ url: moved.url }],
        capabilities: [{ name: 'forecast', version: '1.0.0' }],
      });
      expect(await untilCallback(id, 'delivered')).toMatchObject({ status: 'success', error: null });
      expect(moved.calls.map(({ body }) => body.execution_id)).toEqual([id]);
      expect(receiver.of(id)).toMatchObject([{ body: { status: 'success', error: null } }]);
    });

    it.each<[string, Behaviour, number]>([
      ['resets', BEHAVIOURS.resets, 2003],
      ['hangs', BEHAVIOURS.hangs, 2006],
      ['says 503 in its own words', answer({ code: 'BUSY', message: 'Later' }, 503), 0],
    ])('as the Skill %s, are tried again until their time is over', async (_, behaviour, code) => {
      const { skill, skillId } = await registered(behaviour);
      const id = await accept(skillId, { timeout: 200 });
      const details = await untilCallback(id, 'delivered');
      expect(details).toMatchObject({ status: 'failed', error: code === 0 ? { code: 'BUSY' } : { code } });
      expect(receiver.of(id)).toMatchObject([{ body: { status: 'failed', error: details.error } }]);
      expect(skill.calls.length).toBeGreaterThan(1);
      expect(new Set(skill.calls.map(({ body }) => body.execution_id))).toEqual(new Set([id]));
    });

    it('are not made for a client that was disabled, nor beyond the Spaces that it has left', async () => {
      const { skill, skillId } = await registered(BEHAVIOURS.resets);
      const { clientId, token } = await site.app.client('agent');
      const accepted = await site.execute(skillId, { callback_url: receiver.url }, apiOf(site.app, token)).expect(202);
      const id = accepted.body.data.execution_id as string;
      await until(() => skill.calls.length > 0);
      await site.app.database.query(`UPDATE clients SET spaces = '{elsewhere}' WHERE client_id = $1`, [clientId]);
      await until(() => receiver.of(id).length > 0);
      expect(receiver.of(id)).toMatchObject([{ body: { status: 'failed', error: { code: 1004 } } }]);
      const second = await site.execute(skillId, { callback_url: receiver.url }, site.admin).expect(202);
      await site.app.database.query(`UPDATE clients SET disabled = true WHERE client_id = 'admin'`);
      await until(() => receiver.of(second.body.data.execution_id as string).length > 0);
      await site.app.database.query(`UPDATE clients SET disabled = false WHERE client_id = 'admin'`);
      expect(receiver.of(second.body.data.execution_id as string)).toMatchObject([{ body: { error: { code: 1003 } } }]);
    });
  });

  describe('callbacks', () => {
    it('are tried again after every kind of failure, the same and signed anew', async () => {
      const { skill, skillId } = await registered();
      receiver.next = [
        (response) => response.writeHead(500).end(),
        (response) => response.socket?.resetAndDestroy(),
        (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      ];
      const id = await accept(skillId);
      const { callback } = await untilCallback(id, 'delivered');
      const received = receiver.of(id);
      expect(callback).toMatchObject({ status: 'delivered', attempts: 4, last_error: null });
      expect(received.map(({ isGenuine }) => isGenuine)).toEqual([true, true, true, true]);
      expect(new Set(received.map(({ text }) => text)).size).toBe(1);
      expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
      const pauses = received.slice(1).map(({ at }, index) => at - (received[index]?.at ?? 0));
      expect(pauses[0]).toBeGreaterThanOrEqual(490);
      expect(pauses[1]).toBeGreaterThanOrEqual(990);
      expect(skill.calls).toHaveLength(1);
    });

    it('are given up after 10 seconds without an answer, and tried again', async () => {
      const { skillId } = await registered();
      receiver.next = [() => undefined];
      const id = await accept(skillId);
      await until(async () => (await read(id)).callback?.attempts === 2, 20_000);
      expect(receiver.of(id)).toHaveLength(2);
      const [first, second] = receiver.of(id);
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(9_900);
    }, 30_000);

    it('wait for as long as Retry-After says', async () => {
      const { skillId } = await registered();
      receiver.next = [(response) => response.writeHead(503, { 'retry-after': '3' }).end()];
      const id = await accept(skillId);
      await untilCallback(id, 'delivered');
      const [first, second] = receiver.of(id);
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(2_950);
    });

    it('are delivered where the answer is long, and dead where the receiver is gone', async () => {
      const { skillId } = await registered();
      receiver.next = [(response) => response.writeHead(200).end('x'.repeat(200_000))];
      expect((await untilCallback(await accept(skillId), 'delivered')).callback).toMatchObject({ attempts: 1 });
      receiver.next = [(response) => response.writeHead(410).end()];
      const dead = await untilCallback(await accept(skillId), 'dead');
      expect(dead).toMatchObject({
        status: 'success',
        callback: { attempts: 1, last_status: 410, delivered_at: null },
      });
    });

    it('to addresses inside of the network fail, without a word about it to them', async () => {
      const { skillId } = await registered();
      const id = await accept(skillId, { callback_url: 'http://169.254.169.254/latest?x=1' });
      await until(async () => (await read(id)).callback?.last_error !== null);
      const { callback } = await read(id);
      expect(callback).toMatchObject({ url: 'http://169.254.169.254/latest', status: 'pending', last_status: null });
    });

    it('are dead when their time is over, are found by that, and delivered when somebody asks', async () => {
      const { skillId } = await registered();
      receiver.reception = (response) => response.writeHead(500).end();
      const id = await accept(skillId);
      const dead = await untilCallback(id, 'dead');
      receiver.reception = (response) => response.writeHead(204).end();
      expect(dead.callback).toMatchObject({
        last_error: 'the receiver answered 500',
        last_status: 500,
        next_attempt_at: null,
      });
      expect(dead.callback?.attempts).toBeGreaterThanOrEqual(4);
      const list = async (query: string) =>
        (await site.agent.get(`/commands/executions?skill_id=${skillId}&${query}`).expect(200)).body.data as {
          total: number;
          executions: Details[];
        };
      expect(await list('callback_status=dead')).toMatchObject({ total: 1, executions: [{ execution_id: id }] });
      expect(await list('callback_status=pending')).toMatchObject({ total: 0 });
      expectError(await site.agent.get('/commands/executions?callback_status=lost'), 400, 1001);
      const path = `/commands/executions/${id}/callback`;
      const stranger = apiOf(site.app, (await site.app.client('agent')).token);
      expectError(await stranger.post(path), 404, 1010);
      expect((await site.agent.post(path).expect(200)).body.data.execution_id).toBe(id);
      await untilCallback(id, 'delivered');
      // And once more, by somebody who manages Skills.
      const before = receiver.of(id).length;
      await site.admin.post(path).expect(200);
      await until(() => receiver.of(id).length === before + 1);
      await untilCallback(id, 'delivered');
      const entries = await site.admin.get(`/audit?action=callback.redeliver&target=execution:${id}`).expect(200);
      expect(entries.body.data.entries).toMatchObject([{ actor: 'admin' }, { actor: site.agentId }]);
    });

    it('show in the metrics and in /health', async () => {
      const metrics = (await site.app.http.get('/metrics')).text;
      expect(metrics).toMatch(/command_callback_attempts_total\{result="delivered"\} [1-9]/);
      expect(metrics).toMatch(/command_callback_attempts_total\{result="failed"\} [1-9]/);
      expect(metrics).toMatch(/command_queue_length\{queue="callbacks",state="dead"\} \d/);
      expect(metrics).toMatch(/command_queue_late_seconds\{queue="calls"\} \d/);
      await site.app.http.get('/health').expect(200);
    });
  });

  describe('that are cancelled', () => {
    it('while they wait or run, call back so, and the Skill is let go', async () => {
      const { skill, skillId } = await registered(BEHAVIOURS.hangs);
      const running = await accept(skillId, { timeout: 20_000 });
      await until(() => skill.calls.length === 1);
      expectError(await site.agent.post(`/commands/executions/${running}/callback`), 409, 1006);
      const { body } = await site.agent.post(`/commands/executions/${running}/cancel`).expect(200);
      expect(body.data.status).toBe('cancelled');
      await untilCallback(running, 'delivered');
      skill.behaviour = BEHAVIOURS.resets;
      const pending = await accept(skillId);
      await until(async () => (await read(pending)).error !== null);
      await site.agent.post(`/commands/executions/${pending}/cancel`).expect(200);
      await untilCallback(pending, 'delivered');
      for (const id of [running, pending]) {
        expect(receiver.of(id)).toMatchObject([
          { isGenuine: true, body: { status: 'cancelled', result: null, error: null } },
        ]);
      }
      const calls = skill.calls.length;
      await delay(1_500);
      expect(skill.calls).toHaveLength(calls);
    });
  });

  describe('of two replicas', () => {
    it('are shared, and nothing is done twice; what one leaves the other does', async () => {
      const slow: Behaviour = (call, response) => {
        setTimeout(() => {
          BEHAVIOURS.echo(call, response);
        }, 20);
      };
      const { skill, skillId } = await registered(slow);
      const few = { ...env, COMMAND_QUEUE_CONCURRENCY: '4', CALLBACK_CONCURRENCY: '4' };
      const other = await startTestApp({ env: few, database: site.app.database });
      const ids = await Promise.all(
        Array.from({ length: 300 }, async () => {
          const { body } = await site.execute(skillId, { callback_url: receiver.url }).expect(202);
          return body.data.execution_id as string;
        }),
      );
      const told = () => new Set(receiver.received.map(({ body }) => body.execution_id)).size;
      await until(() => told() === ids.length, 30_000);
      expect(skill.calls).toHaveLength(ids.length);
      expect(receiver.received).toHaveLength(ids.length);
      expect(receiver.received.filter(({ isGenuine }) => !isGenuine)).toEqual([]);
      const metrics = (await other.http.get('/metrics')).text;
      expect(metrics).toMatch(/command_callback_attempts_total\{result="delivered"\} [1-9]/);
      expect(metrics).toMatch(/command_executions_total\{status="success"\} [1-9]/);
      // One that stops hands over what it cannot finish.
      skill.behaviour = BEHAVIOURS.hangs;
      const lone = await startTestApp({ env, database: site.app.database });
      await other.close();
      const left = await Promise.all(Array.from({ length: 10 }, () => accept(skillId, { timeout: 30_000 })));
      await until(() => skill.calls.length === ids.length + left.length);
      skill.behaviour = BEHAVIOURS.echo;
      const began = performance.now();
      await lone.close();
      expect(performance.now() - began).toBeLessThan(5_000);
      const status = `SELECT status, count(*)::int FROM executions WHERE id = ANY($1) GROUP BY 1 ORDER BY 1`;
      expect(await site.app.database.query(status, [left])).not.toEqual([{ status: 'failed', count: left.length }]);
      await Promise.all(left.map((id) => site.agent.post(`/commands/executions/${id}/cancel`)));
    }, 60_000);
  });
});
