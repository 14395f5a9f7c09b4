import { setTimeout as delay } from 'node:timers/promises';
import { answer, type Behaviour, BEHAVIOURS } from '../support/skill-server.js';
import { expectError } from './api.js';
import { until } from '../support/until.js';
import { CallSite, commandId } from './calls.js';

const after =
  (ms: number): Behaviour =>
  (call, response) => {
    setTimeout(() => {
      BEHAVIOURS.echo(call, response);
    }, ms);
  };
/** An answer that asks for a pause. */
const busy =
  (status: number, retryAfter: string, body: object = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, { 'retry-after': retryAfter }).end(JSON.stringify(body));
  };

describe('calls of Skills that need their time', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_BREAKER_PAUSE: '2000', COMMAND_TARGET_MAX_AGE: '0' });
  }, 300_000);
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());

  beforeEach(async () => {
    openBefore = await countOpen();
  });
  /** Circuits that a test has opened. */
  const openCircuits = async () => (await countOpen()) - openBefore;

  /** A Skill with these endpoints, its servers, and calls of it one after the other. */
  const serve = async (...behaviours: Behaviour[]) => {
    const servers = await site.serve(...behaviours);
    const { skillId } = await site.register(servers.map(({ url }) => ({ url })));
    const call = async (times: number, overrides: object = {}) => {
      const statuses: number[] = [];
      for (let n = 0; n < times; n += 1) statuses.push((await site.execute(skillId, overrides)).status);
      return statuses;
    };
    const received = () => servers.map(({ calls }) => calls.length).reduce((sum, count) => sum + count);
    return { servers, skillId, call, received };
  };
  let openBefore = 0;
  const countOpen = async () =>
    Number(/^command_endpoints\{circuit="open"\} (\d+)$/m.exec((await site.app.http.get('/metrics')).text)?.[1]);

  it.each([1, 2, 3])('are made once each, with %d endpoints', async (endpoints) => {
    const { call, received } = await serve(...Array.from({ length: endpoints }, () => after(400)));
    expect(await call(4, { timeout: 1_000 })).toEqual([200, 200, 200, 200]);
    expect([received(), await openCircuits()]).toEqual([4, 0]);
  });

  it('may be too impatient: that opens no circuit for others', async () => {
    const { call } = await serve(after(300), after(300), after(300));
    expect(await call(12, { timeout: 100 })).toEqual(Array.from({ length: 12 }, () => 504));
    expect(await openCircuits()).toBe(0);
    expect(await call(2, { timeout: 1_000 })).toEqual([200, 200]);
  });

  it('open no circuit when slow ones follow fast ones, and nobody waits for them long enough', async () => {
    const { servers, skillId, call } = await serve(BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.echo);
    await call(12);
    for (const server of servers) server.behaviour = after(300);
    const short = await Promise.all(Array.from({ length: 18 }, () => site.execute(skillId, { timeout: 100 })));
    expect(short.map(({ status }) => status)).toEqual(short.map(() => 504));
    expect(await openCircuits()).toBe(0);
  });

  it('are made once each, although another capability of the Skill is fast', async () => {
    const byCapability: Behaviour = (made, response) => {
      after(made.body.capability === 'slow' ? 400 : 0)(made, response);
    };
    const servers = await site.serve(byCapability, byCapability);
    const { skillId } = await site.register(
      servers.map(({ url }) => ({ url })),
      { capabilities: [{ name: 'forecast' }, { name: 'slow' }] },
    );
    for (let n = 0; n < 10; n += 1) await site.execute(skillId).expect(200);
    for (let n = 0; n < 3; n += 1) await site.execute(skillId, { capability_id: 'slow', timeout: 1_500 }).expect(200);
    const slow = servers.flatMap(({ calls }) => calls).filter(({ body }) => body.capability === 'slow');
    expect(slow).toHaveLength(3);
  });

  it('succeed when two of three endpoints hang', async () => {
    const { call } = await serve(BEHAVIOURS.hangs, BEHAVIOURS.hangs, BEHAVIOURS.echo);
    expect(await call(10, { timeout: 900 })).toEqual(Array.from({ length: 10 }, () => 200));
  });

  it('end each of their tries, when nobody answers and when they are cancelled', async () => {
    const { skillId } = await serve(BEHAVIOURS.hangs, BEHAVIOURS.hangs);
    const read = async (id: string) => {
      const { body } = await site.agent.get(`/commands/executions/${id}`).expect(200);
      return body.data as { tries: { outcome: string; ended_at: string | null }[] };
    };
    const refused = await site.execute(skillId, { timeout: 300 });
    const [detail] = expectError(refused, 504, 2006);
    const end = (outcome: string) => ({ outcome, ended_at: expect.any(String) });
    expect(await read(detail?.replace('execution_id ', '') ?? '')).toMatchObject({
      tries: [end('timeout'), end('timeout')],
    });
    const id = commandId();
    const called = site.execute(skillId, { command_id: id, timeout: 900 }).then(({ status }) => status);
    const find = async () => {
      const { body } = await site.agent.get(`/commands/executions?command_id=${id}`).expect(200);
      return (body.data.executions as { execution_id: string; try_count: number }[])[0];
    };
    await until(async () => (await find())?.try_count === 2);
    const executionId = (await find())?.execution_id ?? '';
    await site.agent.post(`/commands/executions/${executionId}/cancel`).expect(200);
    expect(await called).toBe(200);
    expect(await read(executionId)).toMatchObject({ tries: [end('cancelled'), end('cancelled')] });
  });

  it('succeed when one of two endpoints hangs, which then gets no more of them', async () => {
    const { call, servers } = await serve(BEHAVIOURS.hangs, BEHAVIOURS.echo);
    // Enough for five of them to choose it, which opens its circuit.
    expect(await call(30, { timeout: 600 })).toEqual(Array.from({ length: 30 }, () => 200));
    expect(servers[0]?.calls.length).toBeLessThan(10);
    expect(await openCircuits()).toBe(1);
  });

  it('get the first answer, and a list of both tries', async () => {
    const { skillId, servers } = await serve(after(1), after(1));
    for (let n = 0; n < 10; n += 1) await site.execute(skillId).expect(200);
    const [slow, fast] = servers;
    if (!slow || !fast) throw new Error('no servers');
    slow.behaviour = after(1_000);
    const answers = await Promise.all(Array.from({ length: 6 }, () => site.execute(skillId)));
    const details = await Promise.all(
      answers.map(({ body }) => site.agent.get(`/commands/executions/${body.data.execution_id}`)),
    );
    const hedged = details
      .map(({ body }) => body.data as { try_count: number })
      .find(({ try_count }) => try_count === 2);
    expect(hedged).toMatchObject({
      status: 'completed',
      endpoint_url: fast.url,
      tries: [
        { endpoint: slow.url, outcome: 'timeout' },
        { endpoint: fast.url, outcome: 'answered' },
      ],
    });
    const ids = [slow, fast].map(({ calls }) => calls.at(-1)?.body.command_id);
    expect(ids).not.toContain(undefined);
  });

  it('fail at a bounded rate while all endpoints fail, and succeed soon after they are back', async () => {
    const { servers, call, skillId, received } = await serve(BEHAVIOURS.resets, BEHAVIOURS.resets);
    await call(10);
    const before = received();
    const refused = await site.execute(skillId);
    expectError(refused, 503, 2003);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.body.message).toMatch(/try again in 1 s$/);
    await call(30);
    // Each endpoint gets a call in 200 ms.
    expect(received() - before).toBeLessThan(15);
    for (const server of servers) server.behaviour = BEHAVIOURS.echo;
    await delay(250);
    expect(await call(5)).toEqual([200, 200, 200, 200, 200]);
  });

  describe('that ask for a pause', () => {
    it.each([429, 503])('wait for it: %d', async (status) => {
      const { servers, skillId } = await serve(busy(status, '1'));
      const began = performance.now();
      setTimeout(() => {
        for (const server of servers) server.behaviour = BEHAVIOURS.echo;
      }, 200);
      await site.execute(skillId).expect(200);
      expect(performance.now() - began).toBeGreaterThan(950);
      expect([servers[0]?.calls.length, await openCircuits()]).toEqual([2, 0]);
    });

    it('go to another endpoint meanwhile', async () => {
      const { servers, call } = await serve(busy(429, '60'), BEHAVIOURS.echo);
      expect(await call(10)).toEqual(Array.from({ length: 10 }, () => 200));
      expect(servers[0]?.calls.length).toBeLessThanOrEqual(1);
    });

    it('tell their caller, if it is too long', async () => {
      const [seconds, date] = ['100', new Date(Date.now() + 100_000).toUTCString()];
      for (const retryAfter of [seconds, date]) {
        const { skillId, received } = await serve(busy(503, retryAfter));
        const refused = await site.execute(skillId);
        expectError(refused, 503, 2003);
        expect(Number(refused.headers['retry-after'])).toBeGreaterThan(97);
        expect(received()).toBe(1);
        // It is left alone.
        expectError(await site.execute(skillId), 503, 2003);
        expect(received()).toBe(1);
      }
      const { skillId } = await serve(busy(429, '100', { code: 42, message: 'slow down' }));
      const told = await site.execute(skillId).expect(200);
      expect(told.body.data).toMatchObject({ status: 'failed', error: 'slow down' });
      expect(told.headers['retry-after']).toBe('100');
    });

    it('ask it of one caller with 429, and others do not wait', async () => {
      const { servers, skillId, received } = await serve(busy(429, '60'));
      expectError(await site.execute(skillId), 503, 2003);
      for (const server of servers) server.behaviour = BEHAVIOURS.echo;
      await site.execute(skillId, {}, site.admin).expect(200);
      // The caller itself is still kept away.
      const refused = await site.execute(skillId);
      expectError(refused, 503, 2003);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
      expect(received()).toBe(2);
    });

    it('come back in the queue after it', async () => {
      const [skill] = await site.serve(busy(503, '100'));
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const id = commandId();
      await site.agent
        .post('/commands/execute', {
          command_id: id,
          skill_id: skillId,
          capability_id: 'forecast',
          parameters: { city: 'x' },
        })
        .set('prefer', 'respond-async')
        .expect(202);
      const next = async () => {
        const [row] = await site.app.database.query<{ wait: number | null }>(
          `SELECT extract(epoch FROM next_attempt_at - now())::float8 AS wait FROM executions
           WHERE command_id = $1 AND attempts = 1 AND status = 'pending'`,
          [id],
        );
        return row?.wait ?? 0;
      };
      while ((await next()) === 0) await delay(10);
      expect(await next()).toBeGreaterThan(90);
    });
  });

  it('answer with 429 and a reason of their own without a pause as before', async () => {
    const [skill] = await site.serve(answer({ code: 9, message: 'no' }, 429));
    const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
    const { headers, body } = await site.execute(skillId).expect(200);
    expect([headers['retry-after'], body.data.error]).toEqual([undefined, 'no']);
  });
});
