import { endServices, newFolder, type ServiceProcess, startService } from '../support/service-process.js';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { adminToken, call } from '../support/service-api.js';

interface FoundSkill {
  name: string;
  endpoints: unknown[];
  capabilities: unknown[];
}

describe('kill -9 while Skills register', () => {
  const cwd = newFolder();
  const acknowledged = new Set<string>();
  let killed: ServiceProcess;
  let next: ServiceProcess;

  afterAll(endServices);

  /** Registers one Skill after the other until the service is gone. */
  async function registerUntilTheEnd(url: string, token: string, sent: Set<string>): Promise<void> {
    for (;;) {
      const [endpoint] = skillBody().endpoints;
      const capability = { category: 'test', version: '1.0.0', description: '', parameters: {} };
      const body = skillBody({
        endpoints: [1, 2, 3].map((number) => ({ ...endpoint, protocol: 'http', url: `http://localhost:9/${number}` })),
        capabilities: ['one', 'two', 'three', 'four'].map((name) => ({ ...capability, name })),
      });
      sent.add(body.name);
      try {
        const { status } = await call(`${url}/api/v1/skills/register`, { token, body });
        if (status !== 200 && status !== 201) throw new Error(`status ${status}`);
        acknowledged.add(body.name);
      } catch {
        return;
      }
    }
  }

  it('loses nothing that it acknowledged, and starts again at once', async () => {
    killed = await startService({ cwd });
    const token = await adminToken(killed.url, killed.adminSecret);
    const sent = new Set<string>();
    const streams = Promise.all(Array.from({ length: 8 }, () => registerUntilTheEnd(killed.url, token, sent)));
    await until(() => acknowledged.size >= 150);
    killed.kill('SIGKILL');
    await killed.ended;
    next = await startService({ cwd });
    await streams;
    const found = await allSkills(next.url, token);
    expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining([...acknowledged]));
    // What was under way at the end may be there or not, and nothing else.
    expect(found.length).toBeLessThanOrEqual(sent.size);
    expect(found.filter(({ endpoints, capabilities }) => endpoints.length !== 3 || capabilities.length !== 4)).toEqual(
      [],
    );
  });

  it('leaves no PostgreSQL of the killed one, then none at all', async () => {
    // The supervisor, the server, and no second pair of them.
    expect(next.databaseProcesses()).toHaveLength(2);
    await expect(next.stop()).resolves.toMatchObject({ code: 0 });
    expect(next.databaseProcesses()).toEqual([]);
  });

  it('leaves no PostgreSQL when nobody starts again', async () => {
    const service = await startService({ cwd });
    service.kill('SIGKILL');
    await service.ended;
    await until(() => service.databaseProcesses().length === 0);
  });

  async function allSkills(url: string, token: string): Promise<FoundSkill[]> {
    const { status, body } = await call<FoundSkill[]>(`${url}/api/v1/skills/?limit=1000`, { token });
    expect(status).toBe(200);
    return body;
  }
});
