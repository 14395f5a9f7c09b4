import { Agent } from 'node:http';
import { CallbackServer } from '../support/callback-server.js';
import { endServices, newFolder, type ServiceProcess, startService } from '../support/service-process.js';
import { BEHAVIOURS, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { adminToken, call, createSkill } from '../support/service-api.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** More of them where somebody wants to see the figures. */
const CALLS = Number(process.env.ASYNC_KILL_CALLS ?? 400);
const KILLS = 2;
const SENDERS = 16;

describe('asynchronous calls while the service is killed (-9) twice', () => {
  let database: TestDatabase;
  let skill: SkillServer;
  let receiver: CallbackServer;
  let service: ServiceProcess;

  beforeAll(async () => {
    database = await createTestDatabase();
    // Slow enough for many calls to be under way, and more of them to wait, when the service is killed.
    skill = await SkillServer.start((received, response) => {
      setTimeout(
        () => {
          BEHAVIOURS.echo(received, response);
        },
        50 + Math.random() * 100,
      );
    });
    receiver = await CallbackServer.start(SECRET);
  });
  afterAll(async () => {
    await endServices();
    await Promise.all([skill.stop(), receiver.stop(), database.drop()]);
  });

  const start = (cwd: string): Promise<ServiceProcess> =>
    startService({
      cwd,
      env: {
        DATABASE_URL: database.url,
        OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
        CALLBACK_SIGNING_SECRET: SECRET,
        COMMAND_QUEUE_LEASE: '2000',
        RATE_LIMIT_WRITES: '0',
      },
    });

  it('are all made, under one id each, and all call back', async () => {
    const cwd = newFolder();
    service = await start(cwd);
    const token = await adminToken(service.url, service.adminSecret);
    const capabilities = [{ name: 'forecast', category: 'test', version: '1.0.0', description: '', parameters: {} }];
    const [endpoint] = skillBody().endpoints;
    const endpoints = [{ ...endpoint, protocol: 'http' as const, url: skill.url }];
    const skillId = await createSkill(service.url, token, skillBody({ endpoints, capabilities }));
    const began = performance.now();

    /** By command. */
    const accepted = new Map<string, string>();
    const lost: string[] = [];
    const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
    let next = 0;
    /** Sends each until it is accepted: an answer that was lost with the service is asked for again. */
    const send = async (): Promise<void> => {
      for (let number = (next += 1); number <= CALLS; number = next += 1) {
        const commandId = `command-${number}`;
        const body = {
          command_id: commandId,
          skill_id: skillId,
          capability_id: 'forecast',
          parameters: { number },
          callback_url: receiver.url,
        };
        await until(async () => {
          try {
            const answer = await call<{ data: { execution_id: string } }>(`${service.url}/api/v1/commands/execute`, {
              token,
              body,
              agent,
            });
            if (answer.status !== 200 && answer.status !== 202) throw new Error(JSON.stringify(answer.body));
            accepted.set(commandId, answer.body.data.execution_id);
            return true;
          } catch {
            lost.push(commandId);
            return false;
          }
        }, 60_000);
      }
    };
    const sending = Promise.all(Array.from({ length: SENDERS }, send));

    const told = () => new Set(receiver.received.map(({ body }) => body.command_id)).size;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const from = (CALLS * kill) / (KILLS + 1);
      await until(() => told() >= from, 120_000);
      service.kill('SIGKILL');
      await service.ended;
      service = await start(cwd);
    }
    await sending;
    await until(
      () => told() === CALLS,
      120_000,
      () => `${told()} of ${CALLS} callbacks`,
    );
    const seconds = (performance.now() - began) / 1000;
    agent.destroy();

    expect(receiver.received.filter(({ isGenuine }) => !isGenuine)).toEqual([]);
    expect(receiver.received.filter(({ body }) => body.status !== 'completed')).toEqual([]);
    const wrong = receiver.received.filter(({ body, headers }) => {
      const { number } = body.result as { number: number };
      return (
        body.command_id !== `command-${number}` ||
        body.execution_id !== accepted.get(body.command_id) ||
        headers['webhook-id'] !== body.execution_id
      );
    });
    expect(wrong).toEqual([]);
    // What the Skill does is done at least once, and always under the same id.
    const executed = new Map<string, Set<string>>();
    for (const { body } of skill.calls) {
      executed.set(body.command_id, (executed.get(body.command_id) ?? new Set()).add(body.execution_id));
    }
    expect(executed.size).toBe(CALLS);
    const strays = [...executed].filter(([name, ids]) => ids.size !== 1 || !ids.has(accepted.get(name) ?? ''));
    expect(strays).toEqual([]);
    // Receivers may yet hear some of them twice, while the last attempts are written down.
    await until(async () => {
      const [left] = await database.query<{ left: number }>(
        `SELECT count(*)::int AS left FROM callbacks WHERE status <> 'delivered'`,
      );
      return left?.left === 0;
    }, 30_000);
    process.stdout.write(
      `${CALLS} asynchronous calls, ${KILLS} kills, ${seconds.toFixed(1)} s: ${skill.calls.length} calls of the Skill, ` +
        `${receiver.received.length} callbacks, ${lost.length} requests sent again\n`,
    );
    await expect(service.stop()).resolves.toMatchObject({ code: 0 });
  }, 600_000);
});
