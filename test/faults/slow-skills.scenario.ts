import { newFolder, startService } from '../support/service-process.js';
import { adminToken, call, createSkill } from '../support/service-api.js';
import { type Behaviour, BEHAVIOURS, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase } from '../support/test-database.js';
import { scenario } from './scenario.js';

const SLOW_MS = 15_000;
const ENDPOINTS = [1, 2, 3];
/** Calls of each slow Skill: some at a time, and once more when the first have shown how long they take. */
const AT_A_TIME = 4;
const ROUNDS = 2;
const SHORT_MS = 2_000;
const HUNG_CALLS = 20;
const ENV = { OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8', RATE_LIMIT_WRITES: '0', PROBE_INTERVAL: '0' };

const slow: Behaviour = (made, response) => {
  setTimeout(() => {
    BEHAVIOURS.echo(made, response);
  }, SLOW_MS).unref();
};

scenario(
  {
    name: 'slow-skills',
    promise:
      'a slow Skill gets each call once, and no circuit opens; an endpoint that hangs fails no call, and its circuit opens',
    fault: `Skills with ${ENDPOINTS.join(', ')} endpoints need ${SLOW_MS / 1000} s, callers give up after ${SHORT_MS / 1000} s, and one of two endpoints hangs`,
    withinS: 120,
  },
  async (findings) => {
    const database = await createTestDatabase();
    findings.atEnd(() => database.drop());
    const service = await startService({ cwd: newFolder(), env: { ...ENV, DATABASE_URL: database.url } });
    findings.atEnd(async () => {
      service.kill('SIGKILL');
      await service.ended;
    });
    const token = await adminToken(service.url, service.adminSecret);

    const register = async (...behaviours: Behaviour[]): Promise<[string, SkillServer[]]> => {
      const servers = await Promise.all(behaviours.map((behaviour) => SkillServer.start(behaviour)));
      for (const server of servers) findings.atEnd(() => server.stop());
      const endpoints = servers.map(({ url }) => ({ url, protocol: 'http' as const, weight: 1 }));
      return [await createSkill(service.url, token, skillBody({ endpoints })), servers];
    };
    let number = 0;
    const execute = async (skillId: string, timeout?: number): Promise<{ status: number; ms: number }> => {
      number += 1;
      const asked = { skill_id: skillId, capability_id: 'forecast', parameters: { city: 'Berlin' } };
      const body = { command_id: `command-${number}`, ...asked, ...(timeout !== undefined && { timeout }) };
      return call(`${service.url}/api/v1/commands/execute`, { token, body });
    };
    const countOpen = async (): Promise<number> => {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      return Number(/^command_endpoints\{circuit="open"\} (\d+)$/m.exec(text)?.[1]);
    };
    const expectOpen = async (expected: number, when: string): Promise<void> => {
      const open = await countOpen();
      if (open !== expected) findings.violations.add('open circuits', `${open} instead of ${expected} ${when}`);
    };

    const slowSkills = await Promise.all(
      ENDPOINTS.map((count) => register(...Array.from({ length: count }, () => slow))),
    );
    const several = <T>(work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: AT_A_TIME }, work));
    const callSlow = async (timeout?: number): Promise<{ status: number; ms: number }[]> =>
      (await Promise.all(slowSkills.map(([id]) => several(() => execute(id, timeout))))).flat();

    let longest = 0;
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const { status, ms } of await callSlow()) {
        if (status !== 200) findings.violations.add('slow call failed', String(status));
        longest = Math.max(longest, ms);
      }
    }
    for (const [, servers] of slowSkills) {
      const received = servers.reduce((sum, { calls }) => sum + calls.length, 0);
      if (received !== ROUNDS * AT_A_TIME)
        findings.violations.add('not called once each', `${servers.length} endpoints: ${received} calls`);
    }
    await callSlow(SHORT_MS);
    await callSlow(SHORT_MS);
    await expectOpen(0, 'after slow calls');

    const [hungId, [hung]] = await register(BEHAVIOURS.hangs, BEHAVIOURS.echo);
    let failed = 0;
    for (let n = 0; n < HUNG_CALLS; n += 1) if ((await execute(hungId, SHORT_MS)).status !== 200) failed += 1;
    if (failed > 0) findings.violations.add('failed beside an endpoint that hangs', `${failed} of ${HUNG_CALLS}`);
    await expectOpen(1, 'after an endpoint hung');
    findings.figures({
      'longest slow call s': longest / 1000,
      'calls of the endpoint that hangs': hung?.calls.length ?? 0,
      'failed beside it': failed,
    });
  },
);
