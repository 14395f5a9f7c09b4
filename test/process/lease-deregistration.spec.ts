import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { LEASE_MS, LeaseSite } from '../support/lease-site.js';
import { type Answer, call } from '../support/service-api.js';

const DEREGISTER_AFTER_MS = 2_000;
const AWAY_MS = LEASE_MS + DEREGISTER_AFTER_MS;

interface Endpoint {
  url: string;
  protocol: 'http';
  weight: number;
}

/** One Skill whose second endpoint stays alive, and one that has no other. */
describe('endpoints that stay away', () => {
  const pair = skillBody({ endpoints: [endpoint('silent'), endpoint('alive')] });
  const single = skillBody({ endpoints: [endpoint('lonely')] });
  const [silent, alive] = pair.endpoints as [Endpoint, Endpoint];
  const [lonely] = single.endpoints as [Endpoint];
  let site: LeaseSite;
  let pairId: string;
  let singleId: string;

  beforeAll(async () => {
    const env = { REGISTRY_DEREGISTER_AFTER: String(DEREGISTER_AFTER_MS / 1000) };
    site = await LeaseSite.start({ env, members: { count: 20, perRequest: 1 } });
    // Nothing ends for a full lease after a start.
    await delay(LEASE_MS);
    [pairId, singleId] = await Promise.all([register(pair), register(single)]);
  });
  afterAll(() => site.close());

  function endpoint(name: string): Endpoint {
    return { url: `http://localhost:9/${name}`, protocol: 'http', weight: 1 };
  }

  function api(path: string, body?: object): Promise<Answer<{ data: Record<string, unknown> }>> {
    return call(`${site.service.url}/api/v1/${path}`, { token: site.token, body });
  }

  async function register(body: object): Promise<string> {
    const answer = await api('skills/register', body);
    expect(answer.status).toBe(200);
    return answer.body.data.skill_id as string;
  }

  function beat(skillId: string, { url }: Endpoint): Promise<Answer> {
    return api(`skills/${skillId}/heartbeat`, { endpoint_url: url });
  }

  function events(url: string): Promise<object[]> {
    return site.database.query(
      `SELECT event, actor FROM skill_events WHERE endpoint_url = $1 AND event LIKE 'endpoint_un%' ORDER BY id`,
      [url],
    );
  }

  async function urlsOf(name: string): Promise<string[]> {
    const { body } = await api(`skills/discover?name=${name}`);
    const skills = body.data.skills as { endpoints: Endpoint[] }[];
    return skills.flatMap(({ endpoints }) => endpoints.map(({ url }) => url)).sort();
  }

  it('are unregistered, each Skill with its last one', async () => {
    const began = performance.now();
    await until(async () => {
      await beat(pairId, alive);
      const { status } = await api(`skills/${singleId}/status`);
      // The other one is listed no longer since its lease ended; it may be unregistered a sweep later.
      return status === 404 && (await events(silent.url)).length === 2;
    }, AWAY_MS + 5_000);
    expect(performance.now() - began).toBeGreaterThan(AWAY_MS - 500);
    expect(performance.now() - began).toBeLessThan(AWAY_MS + 2_000);
    for (const { url } of [silent, lonely]) {
      expect(await events(url)).toEqual([
        { event: 'endpoint_unhealthy', actor: 'sweeper' },
        { event: 'endpoint_unregistered', actor: 'sweeper' },
      ]);
    }
    const removed = await site.database.query(
      `SELECT actor FROM skill_events WHERE skill_id = $1 AND event = 'unregistered'`,
      [singleId],
    );
    expect(removed).toEqual([{ actor: 'sweeper' }]);
    expect(await urlsOf(pair.name)).toEqual([alive.url]);
    expect(await urlsOf(single.name)).toEqual([]);
  });

  it('are told so by their next heartbeat, and come back by registering', async () => {
    for (const [id, away] of [
      [pairId, silent],
      [singleId, lonely],
    ] as const) {
      expect(await beat(id, away)).toMatchObject({ status: 404, body: { code: 1004 } });
      const many = await api('heartbeats', { heartbeats: [{ skill_id: id, endpoint_url: away.url }] });
      expect(many.body.data.results).toMatchObject([{ status: 'unknown', code: 1004 }]);
    }
    expect(await register(pair)).toBe(pairId);
    const newId = await register(single);
    expect(newId).not.toBe(singleId);
    expect(await urlsOf(pair.name)).toEqual([alive.url, silent.url]);
    expect(await urlsOf(single.name)).toEqual([lonely.url]);
    expect(await beat(pairId, silent)).toMatchObject({ status: 200 });
    expect(await beat(newId, lonely)).toMatchObject({ status: 200 });
    expect(site.members.refusals).toEqual([]);
  });
});
