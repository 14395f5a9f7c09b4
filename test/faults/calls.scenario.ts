import { setTimeout as delay } from 'node:timers/promises';
import { newFolder, type ServiceProcess, startService } from '../support/service-process.js';
import { adminToken, call, createSkill } from '../support/service-api.js';
import { answerText, type Behaviour, BEHAVIOURS, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { scenario } from './scenario.js';

const LEVELS = 5_000;
const CALLS = 50;
/** Fewer than one Skill may have at the same time, so that each attempt makes all calls. */
const HANGING = 4;
const ATTEMPTS = 2;
const LEASE_MS = 1_000;
const ENV = {
  COMMAND_QUEUE_MAX_ATTEMPTS: String(ATTEMPTS),
  COMMAND_QUEUE_LEASE: String(LEASE_MS),
  COMMAND_QUEUE_CONCURRENCY: '16',
  OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
  RATE_LIMIT_WRITES: '0',
};
const DEEP = `{"code":0,"data":{"status":"success","result":${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}}}`;

scenario(
  {
    name: 'poisoned-calls',
    promise: `each call ends: a deep answer fails it at once, and ${ATTEMPTS} attempts (COMMAND_QUEUE_MAX_ATTEMPTS) end it; others do not wait for them`,
    fault: `${CALLS} asynchronous calls whose answer has ${LEVELS} levels, ${HANGING} that hang, and a kill -9 of the replica at each attempt`,
    withinS: 120,
  },
  async (findings) => {
    const database = await createTestDatabase();
    findings.atEnd(() => database.drop());
    const cwd = newFolder();
    const start = (): Promise<ServiceProcess> => startService({ cwd, env: { ...ENV, DATABASE_URL: database.url } });
    let service = await start();
    findings.atEnd(async () => {
      service.kill('SIGKILL');
      await service.ended;
    });
    const token = await adminToken(service.url, service.adminSecret);

    const skillOf = async (behaviour: Behaviour): Promise<[string, SkillServer]> => {
      const skill = await SkillServer.start(behaviour);
      findings.atEnd(() => skill.stop());
      const endpoints = [{ url: skill.url, protocol: 'http' as const, weight: 1 }];
      return [await createSkill(service.url, token, skillBody({ endpoints })), skill];
    };
    let number = 0;
    const accept = async (skillId: string, count: number): Promise<void> => {
      for (let made = 0; made < count; made += 1) {
        number += 1;
        const body = {
          command_id: `command-${number}`,
          skill_id: skillId,
          capability_id: 'forecast',
          parameters: { city: 'Berlin' },
          timeout: 60_000,
        };
        const headers = { prefer: 'respond-async' };
        const { status } = await call(`${service.url}/api/v1/commands/execute`, { token, body, headers });
        if (status !== 202) findings.violations.add('not accepted', String(status));
      }
    };
    const ended = async (skillId: string, status: string): Promise<number> => {
      const [row] = await database.query<{ count: number }>(
        'SELECT count(*)::int FROM executions WHERE skill_id = $1 AND status = $2',
        [skillId, status],
      );
      return row?.count ?? 0;
    };

    const [deepId, deep] = await skillOf(answerText(DEEP));
    await accept(deepId, CALLS);
    await until(async () => (await ended(deepId, 'failed')) === CALLS);
    await delay(3 * LEASE_MS);
    if (deep.calls.length !== CALLS) findings.violations.add('called again', `${deep.calls.length} calls of ${CALLS}`);

    const [hangingId, hanging] = await skillOf(BEHAVIOURS.hangs);
    const [goodId] = await skillOf(BEHAVIOURS.echo);
    await accept(hangingId, HANGING);
    let longest = 0;
    // Each attempt ends with its replica. Calls that are due are made beside calls whose lease has ended.
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      await until(() => hanging.calls.length >= attempt * HANGING);
      service.kill('SIGKILL');
      await service.ended;
      service = await start();
      const began = performance.now();
      await accept(goodId, HANGING);
      await until(async () => (await ended(goodId, 'completed')) === attempt * HANGING);
      longest = Math.max(longest, performance.now() - began);
    }
    await until(async () => (await ended(hangingId, 'failed')) === HANGING);
    const beyond = hanging.calls.length - ATTEMPTS * HANGING;
    if (beyond > 0) findings.violations.add('attempts beyond the limit', String(beyond));
    findings.figures({
      'calls of the deep Skill': deep.calls.length,
      'calls of the hanging Skill': hanging.calls.length,
      'others waited s': longest / 1000,
    });
  },
);
