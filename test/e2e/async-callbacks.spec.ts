import { setTimeout as delay } from 'node:timers/promises';
import { ExecutionsRepository } from '../../libs/commands/src/executions/executions.repository.js';
import { CallQueueRepository } from '../../libs/commands/src/queue/call-queue.repository.js';
import { CallbackServer, receives, type Reception } from '../support/callback-server.js';
import { BEHAVIOURS, type Behaviour, type SkillServer } from '../support/skill-server.js';
import { startTestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { apiOf, expectError } from './api.js';
import { ASYNC_ENV, AsyncSite, type Details, SIGNING_SECRET } from './async-calls.js';

/** A callback that takes its time, while other tests go on. */
interface Waiting {
  id: string;
  skill: SkillServer;
  skillId: string;
  receiver: CallbackServer;
  /** Milliseconds between the attempts so far. */
  pauses: () => number[];
}

const fails: Reception = (response) => response.writeHead(500).end();

describe('callbacks of asynchronous calls', () => {
  let site: AsyncSite;
  let failing: Waiting;
  let silent: Waiting;
  let busy: Waiting;
  let hopeless: Waiting;
  beforeAll(async () => {
    site = await AsyncSite.start();
    [failing, silent, busy, hopeless] = await Promise.all([
      calledBack([
        // Over a kept connection, it would be sent again at once.
        (response) => response.socket?.resetAndDestroy(),
        fails,
        (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      ]),
      calledBack([() => undefined]),
      calledBack([(response) => response.writeHead(503, { 'retry-after': '3' }).end()]),
      calledBack([], fails),
    ]);
    await site.calls.stopSkills();
  }, 300_000);
  afterAll(async () => {
    await site.stop();
    await Promise.all([failing, silent, busy, hopeless].map(({ receiver }) => receiver.stop()));
  });
  afterEach(() => site.clear());

  /** A call whose callback goes to a receiver of its own, which answers so. Returns when it was called back once. */
  async function calledBack(next: Reception[], reception: Reception = receives): Promise<Waiting> {
    const receiver = await CallbackServer.start(SIGNING_SECRET);
    Object.assign(receiver, { next, reception });
    const { skill, skillId } = await site.registered();
    const id = await site.accept(skillId, { callback_url: receiver.url });
    await until(() => receiver.of(id).length > 0);
    const pauses = () =>
      receiver
        .of(id)
        .map(({ at }, index, all) => at - (all[index - 1]?.at ?? at))
        .slice(1);
    return { id, skill, skillId, receiver, pauses };
  }

  describe('to their receivers', () => {
    it('are delivered where the answer is long, and dead where the receiver is gone', async () => {
      const { skillId } = await site.registered();
      site.receiver.next = [(response) => response.writeHead(200).end('x'.repeat(200_000))];
      expect((await site.untilCallback(await site.accept(skillId), 'delivered')).callback).toMatchObject({
        attempts: 1,
      });
      site.receiver.next = [(response) => response.writeHead(410).end()];
      const dead = await site.untilCallback(await site.accept(skillId), 'dead');
      expect(dead).toMatchObject({
        status: 'completed',
        callback: { attempts: 1, last_status: 410, delivered_at: null },
      });
    });

    it('to addresses inside of the network fail, without a word about it to them', async () => {
      const { skillId } = await site.registered();
      const id = await site.accept(skillId, { callback_url: 'http://169.254.169.254/latest?x=1' });
      await until(async () => (await site.read(id)).callback?.last_error !== null);
      const { callback } = await site.read(id);
      expect(callback).toMatchObject({ url: 'http://169.254.169.254/latest', status: 'pending', last_status: null });
    });

    it('keep their execution until they are delivered', async () => {
      const { skillId } = await site.registered();
      const executions = site.calls.app.app.get(ExecutionsRepository);
      site.receiver.next = [fails];
      const id = await site.accept(skillId);
      await until(async () => (await site.read(id)).callback?.last_status === 500);
      const left = async () => (await site.calls.agent.get(`/commands/executions/${id}`)).status;
      // As if all of them were old.
      await executions.purge(-60, 10_000);
      expect(await left()).toBe(200);
      await site.untilCallback(id, 'delivered');
      await executions.purge(-60, 10_000);
      expect(await left()).toBe(404);
      expect(await site.calls.app.database.query('SELECT FROM callbacks WHERE execution_id = $1', [id])).toEqual([]);
    });

    it('show in the metrics and in /health', async () => {
      const metrics = (await site.calls.app.http.get('/metrics')).text;
      expect(metrics).toMatch(/command_callback_attempts_total\{result="delivered"\} [1-9]/);
      expect(metrics).toMatch(/command_callback_attempts_total\{result="failed"\} [1-9]/);
      expect(metrics).toMatch(/command_queue_length\{queue="callbacks",state="dead"\} \d/);
      expect(metrics).toMatch(/command_queue_late_seconds\{queue="calls"\} \d/);
      await site.calls.app.http.get('/health').expect(200);
    });
  });

  describe('that are cancelled', () => {
    it('while they wait or run, call back so, and the Skill is let go', async () => {
      const { skill, skillId } = await site.registered(BEHAVIOURS.hangs);
      const running = await site.accept(skillId, { timeout: 20_000 });
      await until(() => skill.calls.length === 1);
      expectError(await site.calls.agent.post(`/commands/executions/${running}/callback`), 409, 1006);
      const { body } = await site.calls.agent.post(`/commands/executions/${running}/cancel`).expect(200);
      expect(body.data.status).toBe('cancelled');
      await site.untilCallback(running, 'delivered');
      skill.behaviour = BEHAVIOURS.resets;
      const pending = await site.accept(skillId);
      await until(async () => (await site.read(pending)).error !== null);
      await site.calls.agent.post(`/commands/executions/${pending}/cancel`).expect(200);
      await site.untilCallback(pending, 'delivered');
      for (const id of [running, pending]) {
        expect(site.receiver.of(id)).toMatchObject([
          { isGenuine: true, body: { status: 'cancelled', result: null, error: null } },
        ]);
      }
      const calls = skill.calls.length;
      await delay(1_500);
      expect(skill.calls).toHaveLength(calls);
    });
  });

  describe('of a replica that has lost its claim', () => {
    it('are neither given back nor put off by it, and what the Skill said first counts', async () => {
      const { skill, skillId } = await site.registered(BEHAVIOURS.hangs);
      const id = await site.accept(skillId, { timeout: 20_000 });
      await until(() => skill.calls.length === 1);
      // It was halted; another one holds the call for a while.
      await site.calls.app.database.query(
        `UPDATE executions SET attempts = attempts + 1, running_until = now() + interval '3 seconds' WHERE id = $1`,
        [id],
      );
      const queue = site.calls.app.app.get(CallQueueRepository);
      await queue.release([{ id, attempts: 1 }]);
      await queue.renew([{ id, attempts: 1 }], 60_000);
      expect(await site.read(id)).toMatchObject({ status: 'running' });
      skill.behaviour = BEHAVIOURS.echo;
      // That one dies too: the claim lapses, and is taken over.
      await site.untilCallback(id, 'delivered');
      expect(skill.calls.map(({ body }) => body.execution_id)).toEqual([id, id]);
      expect(site.receiver.of(id)).toMatchObject([{ body: { status: 'completed' } }]);
    });
  });

  describe('of two replicas', () => {
    it('are shared, and nothing is done twice; what one leaves the other does', async () => {
      const slow: Behaviour = (call, response) => {
        setTimeout(() => {
          BEHAVIOURS.echo(call, response);
        }, 20);
      };
      const { skill, skillId } = await site.registered(slow);
      const few = { ...ASYNC_ENV, COMMAND_QUEUE_CONCURRENCY: '4', CALLBACK_CONCURRENCY: '4' };
      const other = await startTestApp({ env: few, database: site.calls.app.database });
      const ids = await Promise.all(
        Array.from({ length: 300 }, async () => {
          const { body } = await site.calls.execute(skillId, { callback_url: site.receiver.url }).expect(202);
          return body.data.execution_id as string;
        }),
      );
      const told = () => new Set(site.receiver.received.map(({ body }) => body.execution_id)).size;
      await until(() => told() === ids.length, 30_000);
      expect(skill.calls).toHaveLength(ids.length);
      expect(site.receiver.received).toHaveLength(ids.length);
      expect(site.receiver.received.filter(({ isGenuine }) => !isGenuine)).toEqual([]);
      const metrics = (await other.http.get('/metrics')).text;
      expect(metrics).toMatch(/command_callback_attempts_total\{result="delivered"\} [1-9]/);
      expect(metrics).toMatch(/command_executions_total\{status="completed"\} [1-9]/);
      // One that stops hands over what it cannot finish.
      skill.behaviour = BEHAVIOURS.hangs;
      const lone = await startTestApp({ env: ASYNC_ENV, database: site.calls.app.database });
      await other.close();
      const left = await Promise.all(Array.from({ length: 10 }, () => site.accept(skillId, { timeout: 30_000 })));
      await until(() => skill.calls.length === ids.length + left.length);
      skill.behaviour = BEHAVIOURS.echo;
      const began = performance.now();
      await lone.close();
      expect(performance.now() - began).toBeLessThan(5_000);
      const status = `SELECT status, count(*)::int FROM executions WHERE id = ANY($1) GROUP BY 1 ORDER BY 1`;
      expect(await site.calls.app.database.query(status, [left])).not.toEqual([
        { status: 'failed', count: left.length },
      ]);
      await Promise.all(left.map((id) => site.calls.agent.post(`/commands/executions/${id}/cancel`)));
    }, 60_000);
  });

  describe('that are tried again', () => {
    it('after every kind of failure are the same, and signed anew', async () => {
      const { id, receiver, skill, pauses } = failing;
      const { callback } = await site.untilCallback(id, 'delivered');
      const received = receiver.of(id);
      expect(callback).toMatchObject({ status: 'delivered', attempts: 4, last_error: null });
      expect(received.map(({ isGenuine }) => isGenuine)).toEqual([true, true, true, true]);
      expect(new Set(received.map(({ text }) => text)).size).toBe(1);
      expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
      expect(pauses()[0]).toBeGreaterThanOrEqual(490);
      expect(pauses()[1]).toBeGreaterThanOrEqual(990);
      expect(skill.calls).toHaveLength(1);
    });

    it('wait for as long as Retry-After says', async () => {
      await site.untilCallback(busy.id, 'delivered');
      expect(busy.pauses()[0]).toBeGreaterThanOrEqual(2_950);
    });

    it('were given up after 10 seconds without an answer', async () => {
      await until(() => silent.receiver.of(silent.id).length === 2, 30_000);
      expect(silent.pauses()[0]).toBeGreaterThan(9_900);
    });

    it('are dead when their time is over, are found by that, and delivered when somebody asks', async () => {
      const { id, skillId, receiver } = hopeless;
      const dead = await site.untilCallback(id, 'dead');
      receiver.reception = receives;
      expect(dead.callback).toMatchObject({
        last_error: 'the receiver answered 500',
        last_status: 500,
        next_attempt_at: null,
      });
      expect(dead.callback?.attempts).toBeGreaterThanOrEqual(4);
      const list = async (query: string) =>
        (await site.calls.agent.get(`/commands/executions?skill_id=${skillId}&${query}`).expect(200)).body.data as {
          total: number;
          executions: Details[];
        };
      expect(await list('callback_status=dead')).toMatchObject({ total: 1, executions: [{ execution_id: id }] });
      expect(await list('callback_status=pending')).toMatchObject({ total: 0 });
      expectError(await site.calls.agent.get('/commands/executions?callback_status=lost'), 400, 1001);
      const path = `/commands/executions/${id}/callback`;
      const stranger = apiOf(site.calls.app, (await site.calls.app.client('agent')).token);
      expectError(await stranger.post(path), 404, 1010);
      expect((await site.calls.agent.post(path).expect(200)).body.data.execution_id).toBe(id);
      await site.untilCallback(id, 'delivered');
      // And once more, by somebody who manages Skills.
      const before = receiver.of(id).length;
      await site.calls.admin.post(path).expect(200);
      await until(() => receiver.of(id).length === before + 1);
      await site.untilCallback(id, 'delivered');
      const entries = await site.calls.admin.get(`/audit?action=callback.redeliver&target=execution:${id}`).expect(200);
      expect(entries.body.data.entries).toMatchObject([{ actor: 'admin' }, { actor: site.calls.agentId }]);
    });
  });
});
