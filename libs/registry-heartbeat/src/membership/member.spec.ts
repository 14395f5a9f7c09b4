import { Logger } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { localSkill, localSkills } from '../../../../test/support/local-skills.js';
import { upstreamClient } from '../../../../test/support/upstream-client.js';
import { success, type UpstreamAnswer, UpstreamServer } from '../../../../test/support/upstream-server.js';
import type { LocalSkill } from './local-skills.repository.js';
import { type Election, Member } from './member.js';
import { MembershipMetrics } from './membership.metrics.js';

const SELF = 'http://registry.example.com';
const APP = { name: 'ooder-skill', version: '0.6.0' };

describe('Member', () => {
  let upstream: UpstreamServer;
  let skills: LocalSkill[];
  let registeredHere: string[];
  let election: { -readonly [K in keyof Election]: Election[K] };
  let metrics: MetricsService;
  let member: Member;
  let lines: string[];

  beforeEach(async () => {
    lines = [];
    const keep = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    Logger.overrideLogger({ log: keep('info'), warn: keep('warn'), error: keep('error') });
    upstream = await UpstreamServer.start();
    skills = [];
    registeredHere = [];
    election = { isLeader: true, isLastReplica: () => Promise.resolve(true) };
    member = toMember(30_000);
  });
  afterEach(() => upstream.stop());

  function toMember(interval: number, timeoutMs = 1_000): Member {
    const client = upstreamClient(upstream, { timeoutMs });
    metrics = new MetricsService();
    const own = localSkills(skills, registeredHere);
    return new Member(APP, client, own, election, new MembershipMetrics(metrics), interval);
  }

  /** The calls of one round. */
  async function round(): Promise<string[]> {
    upstream.forgetCalls();
    await member.beat(SELF);
    return upstream.paths;
  }
  const answering = (path: string, answer: UpstreamAnswer | 'hang'): void => {
    upstream.answer = (call) => (call.path.replace(/up-\d+/, 'ID') === path ? answer : undefined);
  };
  const asUsual = (): void => {
    upstream.answer = () => undefined;
  };

  it('registers itself, then sends heartbeats', async () => {
    expect(member.state).toBe('standby');
    expect(await round()).toEqual(['/skills/register']);
    expect(upstream.calls[0]?.body).toEqual({
      ...APP,
      description: expect.any(String),
      endpoints: [{ url: SELF }],
      metadata: { 'ooder.registry': SELF },
    });
    expect(member.state).toBe('registered');
    expect(await round()).toEqual(['/skills/ID/heartbeat']);
    expect(upstream.calls[0]?.body).toEqual({ endpoint_url: SELF, generation: 1, health: 'healthy' });
    expect(lines).toEqual([
      `info Registered with the upstream registry at http://127.0.0.1:${upstream.port} as ooder-skill 0.6.0, ${SELF}`,
    ]);
    expect(await metrics.render()).toContain('registry_upstream_heartbeats_total{result="ok"} 1');
  });

  it('comes a little early, each time by another part of the interval', async () => {
    const pauses: number[] = [];
    for (let beat = 0; beat < 30; beat += 1) pauses.push((await member.beat(SELF)) ?? 0);
    for (const pause of pauses) {
      expect(pause).toBeGreaterThanOrEqual(26_000);
      expect(pause).toBeLessThanOrEqual(30_000);
    }
    expect(new Set(pauses).size).toBeGreaterThan(20);
  });

  it('comes as often as the upstream asks for, and not more often than every second', async () => {
    for (const [asked, longest] of [
      [10, 10_000],
      [0.001, 1_000],
      [3_600, 30_000],
    ] as const) {
      member = toMember(30_000);
      answering('/skills/register', success({ skill_id: 'up-1', interval: asked }));
      const pause = (await member.beat(SELF)) ?? 0;
      expect(pause).toBeGreaterThanOrEqual(longest * 0.8);
      expect(pause).toBeLessThanOrEqual(longest);
    }
  });

  it.each([404, 409])('registers again, at once, after %d', async (status) => {
    await round();
    answering('/skills/ID/heartbeat', { status });
    expect(await round()).toEqual(['/skills/ID/heartbeat', '/skills/register']);
    asUsual();
    expect(await round()).toEqual(['/skills/ID/heartbeat']);
    expect(upstream.calls[0]?.body.generation).toBe(2);
    expect(lines).toHaveLength(1);
  });

  it('is rejected when the name belongs to another client, says so once, and tries again', async () => {
    answering('/skills/register', { status: 409, body: { code: 1006, message: 'Skill already registered' } });
    const pauses = [await member.beat(SELF), await member.beat(SELF), await member.beat(SELF)];
    expect(member.state).toBe('rejected');
    expect(pauses[2]).toBeGreaterThanOrEqual(2_000);
    expect(lines).toEqual([expect.stringMatching(/^warn ooder-skill 0\.6\.0 belongs to another client.*APP_NAME/)]);
    asUsual();
    await round();
    expect(member.state).toBe('registered');
    expect(lines).toHaveLength(2);
  });

  it('stops when the upstream turns out to be this service', async () => {
    skills.push(localSkill());
    registeredHere.push('up-1');
    expect(await member.beat(SELF)).toBeUndefined();
    expect(upstream.paths).toEqual(['/skills/register', '/skills/ID/unregister']);
    expect(member.state).toBe('circular');
    expect(lines).toEqual([expect.stringMatching(/^warn .*leads back to this service/)]);
  });

  it('registers its Skills after itself', async () => {
    skills.push(localSkill({ name: 'first' }), localSkill({ name: 'second' }));
    expect(await round()).toEqual(['/skills/register', '/skills/batch']);
    expect(await round()).toEqual(['/skills/ID/heartbeat', '/heartbeats']);
    expect(member.mirroredSkills).toBe(2);
  });

  describe('in an outage', () => {
    it.each<[string, UpstreamAnswer | 'hang', string]>([
      ['breaks down', { status: 500 }, 'the upstream registry answers 500'],
      ['answers garbage', { body: '<html>hello</html>' }, 'the upstream registry does not answer as it should'],
      ['hangs', 'hang', 'the upstream registry does not answer'],
      ['redirects', { status: 302, headers: { location: '/' } }, 'the upstream registry does not answer'],
      ['refuses the credentials', { status: 401 }, 'the upstream registry refuses the credentials'],
    ])('warns once when the upstream %s, and says once that it is back', async (_, answer, publicReason) => {
      member = toMember(30_000, 100);
      await round();
      lines = [];
      answering('/skills/ID/heartbeat', answer);
      for (let beat = 0; beat < 4; beat += 1) await round();
      expect(member.state).toBe('unreachable');
      expect(member.publicReason).toBe(publicReason);
      asUsual();
      await round();
      await round();
      expect(member.state).toBe('registered');
      const registry = `The upstream registry at http://127.0.0.1:${upstream.port}`;
      expect(lines).toEqual([
        expect.stringMatching(`^warn ${registry} is unavailable: `),
        expect.stringMatching(`^info ${registry} is available again after `),
      ]);
      expect(await metrics.render()).toContain('registry_upstream_heartbeats_total{result="failed"} 4');
    });

    it('backs off, doubling, and begins anew after a success', async () => {
      const port = upstream.port;
      await upstream.stop();
      const pauses: number[] = [];
      for (let beat = 0; beat < 9; beat += 1) pauses.push((await member.beat(SELF)) ?? 0);
      for (const [index, pause] of pauses.entries()) {
        const longest = Math.min(1_000 * 2 ** index, 60_000);
        expect(pause).toBeGreaterThanOrEqual(longest / 2);
        expect(pause).toBeLessThanOrEqual(longest);
      }
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain('ECONNREFUSED');
      upstream = await UpstreamServer.start(port);
      await round();
      expect(member.state).toBe('registered');
      await upstream.stop();
      expect(await member.beat(SELF)).toBeLessThanOrEqual(1_000);
    });

    it('waits as long as the upstream asks, up to a minute', async () => {
      answering('/skills/register', { status: 429, headers: { 'retry-after': '20' } });
      expect(await member.beat(SELF)).toBe(20_000);
      answering('/skills/register', { status: 503, headers: { 'retry-after': '86400' } });
      expect(await member.beat(SELF)).toBe(60_000);
    });

    it('says nothing of the upstream when PostgreSQL is away', async () => {
      const down = { ...localSkills([]), page: () => Promise.reject(new Error('connection refused')) };
      const client = upstreamClient(upstream);
      member = new Member(APP, client, down, election, new MembershipMetrics(new MetricsService()), 30_000);
      await round();
      await round();
      expect(lines).toEqual([expect.stringMatching(/^warn Reading the Skills.*connection refused/)]);
    });
  });

  describe('without the lead', () => {
    it('sends nothing', async () => {
      election.isLeader = false;
      expect(await member.beat(SELF)).toBeLessThanOrEqual(1_000);
      member.stop();
      await member.leave();
      expect(upstream.paths).toEqual([]);
      expect(member.state).toBe('standby');
    });

    it('stops when it loses the lead, unregisters nothing, and registers anew when it leads again', async () => {
      skills.push(localSkill());
      await round();
      election.isLeader = false;
      expect(await round()).toEqual([]);
      expect(member.mirroredSkills).toBe(0);
      election.isLeader = true;
      expect(await round()).toEqual(['/skills/register', '/skills/batch']);
      expect(upstream.skills.size).toBe(2);
    });
  });

  describe('at the end', () => {
    beforeEach(async () => {
      skills.push(...Array.from({ length: 25 }, () => localSkill()));
      await round();
      upstream.forgetCalls();
      member.stop();
    });

    it('unregisters itself and its Skills', async () => {
      await member.leave();
      expect(upstream.paths).toEqual(Array.from({ length: 26 }, () => '/skills/ID/unregister'));
      expect(upstream.skills.size).toBe(0);
    });

    it('leaves everything to the other replicas', async () => {
      election.isLastReplica = () => Promise.resolve(false);
      await member.leave();
      expect(upstream.paths).toEqual([]);
    });

    it.each(['hang', { status: 500 }] as const)(
      'takes two seconds at most when the upstream answers %j',
      async (answer) => {
        upstream.answer = () => answer;
        const began = performance.now();
        await member.leave();
        expect(performance.now() - began).toBeLessThan(2_300);
      },
    );

    it('ends when it is unknown whether this is the last replica', async () => {
      election.isLastReplica = () => Promise.reject(new Error('connection lost'));
      await member.leave();
      expect(upstream.paths).toEqual([]);
    });
  });
});
