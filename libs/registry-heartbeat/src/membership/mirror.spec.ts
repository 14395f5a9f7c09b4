import { Logger } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { localSkill, localSkills } from '../../../../test/support/local-skills.js';
import { upstreamClient } from '../../../../test/support/upstream-client.js';
import { type SentSkill, success, UpstreamServer } from '../../../../test/support/upstream-server.js';
import type { LocalSkill } from './local-skills.repository.js';
import { MembershipMetrics } from './membership.metrics.js';
import { Mirror } from './mirror.js';

const SELF = 'http://registry.example.com';

describe('Mirror', () => {
  let upstream: UpstreamServer;
  let skills: LocalSkill[];
  let mirror: Mirror;
  let metrics: MetricsService;
  let lines: string[];
  let acting: boolean;

  beforeEach(async () => {
    lines = [];
    acting = true;
    const keep = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    Logger.overrideLogger({ log: keep('info'), warn: keep('warn'), error: keep('error') });
    upstream = await UpstreamServer.start();
    skills = [localSkill({ name: 'first' }), localSkill({ name: 'second' })];
    mirror = mirrorOf(60_000);
  });
  afterEach(() => upstream.stop());

  function mirrorOf(interval: number): Mirror {
    metrics = new MetricsService();
    return new Mirror(upstreamClient(upstream), localSkills(skills), new MembershipMetrics(metrics), interval);
  }

  /** The calls of one round. */
  async function round(): Promise<string[]> {
    upstream.forgetCalls();
    await mirror.sync(SELF, () => acting);
    return upstream.paths;
  }
  const registered = (): string[] => [...upstream.skills.values()].sort();
  const sent = (): SentSkill[] => upstream.of('/skills/batch').flatMap(({ body }) => body.skills);
  const skillAt = (index: number): LocalSkill => {
    const skill = skills[index];
    if (!skill) throw new Error(`no Skill ${index}`);
    return skill;
  };
  const change = (index: number, changes: Partial<LocalSkill>): void => {
    skills[index] = { ...skillAt(index), stamp: `${Math.random()}`, ...changes };
  };

  it('registers all in one batch, then sends heartbeats only', async () => {
    change(0, {
      endpoints: [{ url: 'http://a', weight: 3, health: 'healthy', parameters: { invoke_path: '/call' } }],
      capabilities: [
        {
          ...{ name: 'x', description: 'X', category: null, version: '1.2.0', status: 'disabled', parameters: {} },
          text: '{"capability_id":"a","id":"1","name":"x","description":"X","category":null,"version":"1.2.0","status":"disabled","parameters":{},"examples":["a", "b"],"input_schema":{"maximum":1.0}}',
        },
      ],
      metadata: { region: 'eu' },
      tags: ['a', 'b'],
      deprecation: { since: '2026-01-01T00:00:00Z', message: 'old' },
    });
    expect(await round()).toEqual(['/skills/batch']);
    expect(sent()).toHaveLength(2);
    expect(sent()[0]).toEqual({
      skill_id: skillAt(0).id,
      name: 'first',
      version: '1.0.0',
      description: 'A Skill',
      endpoints: [{ url: 'http://a', weight: 3, parameters: { invoke_path: '/call' } }],
      capabilities: [
        {
          ...{ capability_id: 'a', name: 'x', description: 'X', version: '1.2.0', status: 'disabled', parameters: {} },
          ...{ examples: ['a', 'b'], input_schema: { maximum: 1 } },
        },
      ],
      metadata: { region: 'eu', 'ooder.registry': SELF },
      tags: ['a', 'b'],
      deprecated: { message: 'old' },
    });
    expect(upstream.calls[0]?.text).toContain('{"maximum":1.0}');
    expect(await round()).toEqual(['/heartbeats']);
    expect(upstream.calls[0]?.body.heartbeats).toEqual([
      { skill_id: 'up-1', endpoint_url: 'http://a', health: 'healthy' },
      { skill_id: 'up-2', endpoint_url: skillAt(1).endpoints[0]?.url, health: 'healthy' },
    ]);
    expect(mirror.upstreamIds).toEqual(['up-1', 'up-2']);
  });

  it('registers again what has changed, and not what only registered again here', async () => {
    await round();
    change(0, {});
    change(1, { description: 'Another text' });
    expect(await round()).toEqual(['/skills/batch', '/heartbeats']);
    expect(sent().map(({ description }) => description)).toEqual(['Another text']);
    expect(upstream.of('/heartbeats')[0]?.body.heartbeats).toMatchObject([{ skill_id: 'up-1' }]);
    expect(await round()).toEqual(['/heartbeats']);
  });

  it.each<[string, Partial<LocalSkill>]>([
    ['another name', { name: 'renamed' }],
    ['another endpoint', { endpoints: [{ url: 'http://b', weight: 1, health: 'healthy', parameters: {} }] }],
    ['a key of metadata less', { metadata: {} }],
    ['no description', { description: '' }],
    ['a tag less', { tags: [] }],
    ['no deprecation', { deprecation: null }],
  ])('begins anew upstream with %s, for registering only adds', async (_, changes) => {
    change(0, { metadata: { region: 'eu' }, tags: ['a'], deprecation: { since: '2026-01-01T00:00:00Z' } });
    await round();
    change(0, changes);
    expect(await round()).toEqual(['/heartbeats', '/skills/ID/unregister', '/skills/batch']);
    expect(registered()).toEqual([changes.name ?? 'first', 'second']);
  });

  it('keeps what only grows', async () => {
    await round();
    const [endpoint] = skillAt(0).endpoints;
    if (!endpoint) throw new Error('no endpoint');
    change(0, { endpoints: [endpoint, { ...endpoint, url: 'http://more' }], metadata: { region: 'eu' } });
    expect(await round()).toEqual(['/heartbeats', '/skills/batch']);
  });

  it('tells the health that this registry sees, of the endpoints that it has', async () => {
    change(0, {
      endpoints: [
        { url: 'http://a', weight: 1, health: 'warning', parameters: {} },
        { url: 'http://b', weight: 1, health: 'healthy', parameters: {} },
      ],
    });
    expect(await round()).toEqual(['/skills/batch', '/heartbeats']);
    expect(upstream.of('/heartbeats')[0]?.body.heartbeats).toEqual([
      { skill_id: 'up-1', endpoint_url: 'http://a', health: 'warning' },
      { skill_id: 'up-1', endpoint_url: 'http://b', health: 'healthy' },
    ]);
  });

  it('unregisters Skills that no longer exist', async () => {
    await round();
    skills.splice(0, 1);
    expect(await round()).toEqual(['/heartbeats', '/skills/ID/unregister']);
    expect(registered()).toEqual(['second']);
    expect(await round()).toEqual(['/heartbeats']);
  });

  it('tries again to unregister what could not be', async () => {
    await round();
    skills.splice(0, 1);
    upstream.answer = ({ path }) => (path.endsWith('/unregister') ? { status: 500 } : undefined);
    await expect(round()).rejects.toThrow('it answers 500');
    upstream.answer = () => undefined;
    await round();
    expect(registered()).toEqual(['second']);
  });

  it('registers again, in the same round, what the upstream does not know', async () => {
    await round();
    upstream.skills.delete('up-1');
    expect(await round()).toEqual(['/heartbeats', '/skills/batch']);
    expect(sent().map(({ name }) => name)).toEqual(['first']);
    expect(await round()).toEqual(['/heartbeats']);
    expect(await metrics.render()).toContain('registry_upstream_heartbeats_total{result="unknown"} 1');
    expect(await metrics.render()).toContain('registry_upstream_heartbeats_total{result="ok"} 3');
  });

  it('uses the id under which the upstream knows a Skill', async () => {
    upstream.skills.set('up-known', 'second');
    await round();
    await round();
    expect(upstream.calls[0]?.body.heartbeats).toMatchObject([{ skill_id: 'up-1' }, { skill_id: 'up-known' }]);
  });

  it.each(['the whole batch', 'this Skill'])(
    'goes on in plain words when an earlier release refuses %s',
    async (refused) => {
      const unknown = { code: 1001, message: 'Bad parameter; tags is unknown' };
      upstream.answer = ({ path, body }) => {
        if (path !== '/skills/batch' || !body.skills.some(({ tags }) => tags)) return undefined;
        if (refused === 'the whole batch') return { status: 400, body: unknown };
        return success({
          results: body.skills.map(({ tags }, index) =>
            tags ? { index, status: 'failed', ...unknown } : { index, status: 'created', skill_id: 'up-9' },
          ),
        });
      };
      change(0, { tags: ['a'] });
      expect(await round()).toEqual(['/skills/batch', '/skills/batch']);
      expect(registered()).toContain('first');
      expect(sent().at(-1)).not.toHaveProperty('tags');
      // It is remembered.
      change(0, { tags: ['a', 'b'] });
      expect((await round()).filter((path) => path === '/skills/batch')).toHaveLength(1);
    },
  );

  describe('of what is refused', () => {
    const refuseFirst = (): void => {
      upstream.answer = ({ path, body }) => {
        if (path !== '/skills/batch') return undefined;
        const results = body.skills.map(({ name }, index) =>
          name === 'first'
            ? { index, status: 'failed', code: 1006, message: 'Skill already registered' }
            : { index, status: 'created', skill_id: 'up-2' },
        );
        upstream.skills.set('up-2', 'second');
        return success({ results });
      };
    };

    it('tells once, and tries it again more and more seldom', async () => {
      mirror = mirrorOf(20);
      refuseFirst();
      let attempts = 0;
      const began = performance.now();
      while (performance.now() - began < 500) {
        attempts += (await round()).filter((path) => path === '/skills/batch').length;
      }
      // At 0, 40, 120, 280 and, with luck, 600 ms; fewer on a busy machine.
      expect(attempts).toBeGreaterThanOrEqual(2);
      expect(attempts).toBeLessThanOrEqual(5);
      expect(lines).toEqual([
        'warn The upstream registry refuses 1 Skill(s), tried again now and then; first 1.0.0: 1006 Skill already registered',
      ]);
      upstream.answer = () => undefined;
      while (!registered().includes('first')) await round();
      expect(lines[1]).toBe('info The upstream registry refuses no Skill any more');
      expect(lines).toHaveLength(2);
    });

    it('tries it again at once when it has changed', async () => {
      refuseFirst();
      await round();
      expect(await round()).toEqual(['/heartbeats']);
      change(0, { name: 'third' });
      expect(await round()).toEqual(['/heartbeats', '/skills/batch']);
    });

    it('goes on with what was registered before', async () => {
      await round();
      refuseFirst();
      change(0, { metadata: { more: 'than before' } });
      expect(await round()).toEqual(['/heartbeats', '/skills/batch', '/heartbeats']);
      expect(upstream.calls[2]?.body.heartbeats).toMatchObject([{ skill_id: 'up-1' }]);
    });

    it('finds the one for which a whole batch is refused', async () => {
      mirror = mirrorOf(20);
      upstream.answer = ({ path, body }) =>
        path === '/skills/batch' && body.skills.some(({ name }) => name === 'first')
          ? { status: 500, body: { code: 1007, message: 'internal error' } }
          : undefined;
      await round();
      expect(registered()).toEqual([]);
      while (!registered().includes('second')) await round();
      expect(registered()).toEqual(['second']);
    });
  });

  it('reads and sends in portions', async () => {
    skills.push(...Array.from({ length: 1_100 }, () => localSkill()));
    await round();
    expect(upstream.paths).toEqual(Array.from({ length: 6 }, () => '/skills/batch'));
    expect(upstream.skills.size).toBe(1_102);
    await round();
    expect(upstream.calls.map(({ body }) => body.heartbeats.length)).toEqual([1_000, 102]);
  });

  it('lets no heartbeat wait for registrations that take their time', async () => {
    mirror = mirrorOf(0);
    skills.push(...Array.from({ length: 500 }, () => localSkill()));
    expect(await round()).toEqual(['/skills/batch']);
    expect(await round()).toEqual(['/heartbeats', '/skills/batch']);
    expect(await round()).toEqual(['/heartbeats', '/skills/batch']);
    expect(await round()).toEqual(['/heartbeats']);
    expect(upstream.skills.size).toBe(502);
  });

  it('sends no request of more than a megabyte', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 100 }, (_, key) => [`key-${key}`, 'x'.repeat(500)]));
    skills.push(...Array.from({ length: 60 }, () => localSkill({ metadata })));
    await round();
    expect(upstream.calls.length).toBeGreaterThan(3);
    for (const { headers } of upstream.calls) expect(Number(headers['content-length'])).toBeLessThan(1_000_000);
  });

  it('sends nothing more once this replica is no longer the member', async () => {
    await round();
    change(0, { description: 'new' });
    skills.splice(1, 1);
    acting = false;
    expect(await round()).toEqual([]);
  });

  it('takes up after an outage where it was', async () => {
    await round();
    change(0, { description: 'new' });
    upstream.answer = ({ path }) => (path === '/skills/batch' ? { status: 503 } : undefined);
    await expect(round()).rejects.toThrow('it answers 503');
    upstream.answer = () => undefined;
    expect(await round()).toEqual(['/heartbeats', '/skills/batch']);
    expect(lines).toEqual([]);
  });
});
