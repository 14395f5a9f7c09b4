import { createRemoteJWKSet, jwtVerify } from 'jose';
import { answer, BEHAVIOURS, type Behaviour } from '../support/skill-server.js';
import { CallSite, commandId } from './calls.js';
import { expectError } from './api.js';

describe('calling Skills', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({
      COMMAND_TRY_TIMEOUT: '300',
      COMMAND_TARGET_MAX_AGE: '0',
      COMMAND_KEPT_RESULT_BYTES: '1000',
    });
  }, 300_000);
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());

  describe('one that serves', () => {
    it('gives its result, and the Skill is told all of it', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId, capabilityId } = await site.register([{ url: `${skill?.url}/base/` }]);
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const id = commandId();
      const { body } = await site
        .execute(skillId, { command_id: id, metadata: { a: [1] } })
        .set('traceparent', traceparent)
        .expect(200);
      expect(body).toEqual({
        code: 0,
        message: 'success',
        data: {
          execution_id: expect.any(String),
          command_id: id,
          skill_id: skillId,
          capability_id: capabilityId,
          status: 'completed',
          result: { city: 'Berlin' },
          output: 'done',
          error: null,
          error_detail: null,
          started_at: expect.stringMatching(/Z$/),
          completed_at: expect.stringMatching(/Z$/),
        },
      });
      const [call] = skill?.calls ?? [];
      expect(call).toMatchObject({ method: 'POST', path: '/base/api/v1/commands/execute' });
      expect(call?.body).toEqual({
        command_id: id,
        execution_id: body.data.execution_id,
        skill_id: skillId,
        capability_id: capabilityId,
        capability: 'forecast',
        parameters: { city: 'Berlin' },
        metadata: { a: [1] },
      });
      expect(call?.headers.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
      expect(call?.headers.authorization).toBeUndefined();
      const caller = String(call?.headers['x-ooder-caller']);
      const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', site.app.url));
      const { payload } = await jwtVerify(caller, keys, { audience: `skill:${skillId}`, issuer: site.app.url });
      expect(payload).toMatchObject({ sub: site.agentId, client_id: site.agentId });
      // It is good for that Skill alone.
      await site.app.http.get('/api/v1/skills/').auth(caller, { type: 'bearer' }).expect(401);
    });

    it('is found by its name and a range of versions, or by the capability alone', async () => {
      const [one, two, three] = await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.echo);
      const capabilities = [{ name: `only-${process.pid}`, version: '1.0.0' }];
      const { name, skillId } = await site.register([{ url: one?.url ?? '' }], { version: '1.9.0', capabilities });
      await site.register([{ url: two?.url ?? '' }], { name, version: '1.10.0', capabilities });
      await site.register([{ url: three?.url ?? '' }], {
        name,
        version: '2.0.0',
        capabilities: [{ name: capabilities[0]?.name ?? '', version: '3.0.0' }],
      });
      const called = () => [one, two, three].map((skill) => skill?.calls.length);
      const call = (body: object) =>
        site.agent.post('/commands/execute', { command_id: commandId(), ...body }).expect(200);
      const capability = capabilities[0]?.name;
      await call({ skill: `${name}@^1.0`, capability });
      expect(called()).toEqual([0, 1, 0]);
      await call({ skill: `${name}@<1.10`, capability_id: capability });
      expect(called()).toEqual([1, 1, 0]);
      await call({ skill: name, capability });
      expect(called()).toEqual([1, 1, 1]);
      await call({ capability });
      expect(called()).toEqual([1, 1, 2]);
      await three?.stop();
      // Another version serves where the call leaves it open.
      await call({ skill: name, capability });
      await call({ capability });
      expect(called()).toEqual([1, 3, 2]);
      await call({ skill_id: skillId, capability });
      expect(called()).toEqual([2, 3, 2]);
    });

    it('is called as the parameters of its endpoint say, with their secrets', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId } = await site.register([
        {
          url: `${skill?.url}/?key=1`,
          parameters: {
            invoke_path: '/run',
            method: 'put',
            authorization: { value: 'Bearer of-the-skill', secret: true },
          },
        },
      ]);
      await site.execute(skillId).expect(200);
      expect(skill?.calls).toMatchObject([
        { method: 'PUT', path: '/run?key=1', headers: { authorization: 'Bearer of-the-skill' } },
      ]);
    });

    it.each([
      ['an error of its own', { status: 'failed', error: { code: 'E42', message: 'No such city', details: [1] } }, 200],
      ['an envelope with an error', undefined, 422],
    ])('is passed on when it answers %s', async (_, data, status) => {
      const detail = { code: 'E42', message: 'No such city', details: [1] };
      const [skill] = await site.serve(answer(data ? { code: 0, data } : detail, status));
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const { body } = await site.execute(skillId).expect(200);
      const failed = { status: 'failed', result: null, error: 'No such city', error_detail: detail };
      expect(body.data).toMatchObject(failed);
      const kept = await site.agent.get(`/commands/executions/${body.data.execution_id}`).expect(200);
      expect(kept.body.data).toMatchObject(failed);
      expect(skill?.calls).toHaveLength(1);
    });
  });

  describe('parameters', () => {
    it('are checked before anything is sent, all faults at once, and defaults are filled in', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId } = await site.register([{ url: skill?.url ?? '' }], {
        capabilities: [
          {
            name: 'forecast',
            parameters: {
              city: { type: 'string', required: true },
              days: { type: 'number', default: 3 },
              hourly: { type: 'boolean' },
            },
          },
        ],
      });
      const refused = await site.execute(skillId, { parameters: { days: 'x', hourly: null, wind: 1 } });
      expect(expectError(refused, 400, 1001)).toEqual([
        'parameters.city is required',
        'parameters.days must be a number',
        'parameters.hourly must be a boolean',
        'parameters.wind is not a parameter of this capability',
      ]);
      expect(skill?.calls).toEqual([]);
      const { body } = await site.execute(skillId).expect(200);
      expect(body.data.result).toEqual({ city: 'Berlin', days: 3 });
    });

    it('of the call itself are checked as a whole', async () => {
      const post = async (body: object) => expectError(await site.agent.post('/commands/execute', body), 400, 1001);
      expect(await post({ command_id: 5, skill_id: 'x'.repeat(65), parameters: [], timeout: 0, extra: 1 })).toEqual(
        expect.arrayContaining([
          'command_id must be a string',
          'skill_id must have at most 64 characters',
          'parameters must be an object',
          'timeout must not be under 1',
          'extra is unknown',
        ]),
      );
      expect(await post({ command_id: 'x' })).toEqual(['capability_id is required, or capability']);
      expect(await post({ command_id: 'x', capability_id: 'y' })).toEqual([
        'skill_id is required with capability_id, or skill',
      ]);
      expect(await post({ command_id: 'x', skill: 'a@x.y', capability: 'y', timeout: 3_000_000 })).toEqual([
        'skill must end with a version, a range or latest, such as @^1.2',
        'timeout must not be over 300000',
      ]);
    });
  });

  describe('what cannot serve', () => {
    it('says what is missing', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId, capabilityId } = await site.register([{ url: skill?.url ?? '' }]);
      expectError(await site.execute('0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10'), 404, 1004);
      expectError(await site.execute(skillId, { capability_id: 'none' }), 404, 1005);
      await site.admin.put(`/capabilities/${capabilityId}/status`, { status: 'disabled' }).expect(200);
      expectError(await site.execute(skillId), 503, 2004);
      await site.admin.put(`/capabilities/${capabilityId}/status`, { status: 'enabled' }).expect(200);
      await site.admin.put(`/skills/${skillId}/status`, { status: 'maintenance' }).expect(200);
      expectError(await site.execute(skillId), 503, 2003);
      await site.admin.put(`/skills/${skillId}/status`, { status: 'active' }).expect(200);
      await site.app.database.query(`UPDATE skill_endpoints SET health = 'unhealthy' WHERE skill_id = $1`, [skillId]);
      expectError(await site.execute(skillId), 503, 2003);
      expect(skill?.calls).toEqual([]);
      await site.app.database.query(`UPDATE skill_endpoints SET health = 'warning' WHERE skill_id = $1`, [skillId]);
      await site.execute(skillId).expect(200);
    });

    const AWAY: [string, Behaviour | undefined, number][] = [
      ['is killed', undefined, 2003],
      ['hangs', BEHAVIOURS.hangs, 2006],
      ['answers 500 without a word', answer('', 500), 2003],
      ['resets the connection', BEHAVIOURS.resets, 2003],
      ['breaks off', BEHAVIOURS.breaksOff, 2003],
      ['redirects', BEHAVIOURS.redirects, 2003],
    ];

    it.each(AWAY)('is made up for by another endpoint when it %s', async (_, behaviour) => {
      const [bad, good, other] = await site.serve(behaviour ?? BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.echo);
      if (!behaviour) await bad?.stop();
      const { skillId } = await site.register([bad, good, other].map((skill) => ({ url: skill?.url ?? '' })));
      const ids = Array.from({ length: 30 }, commandId);
      const took: number[] = [];
      for (const id of ids) {
        const began = performance.now();
        await site.execute(skillId, { command_id: id }).expect(200);
        took.push(performance.now() - began);
      }
      // Each was carried out elsewhere, under the id under which it was tried first.
      const served = [good, other].flatMap((skill) => skill?.calls.map(({ body }) => body.command_id) ?? []);
      expect(served.toSorted()).toEqual(ids.toSorted());
      // The circuit of the bad one opens after five calls.
      if (behaviour) expect(bad?.calls.length).toBeLessThanOrEqual(6);
      expect(Math.max(...took)).toBeLessThan(2_000);
    });

    it.each(AWAY)('alone, it is told when it %s', async (_, behaviour, code) => {
      const [bad] = await site.serve(behaviour ?? BEHAVIOURS.echo);
      if (!behaviour) await bad?.stop();
      const { skillId } = await site.register([{ url: bad?.url ?? '' }]);
      const refused = await site.execute(skillId, { timeout: 500 });
      const [detail] = expectError(refused, code === 2006 ? 504 : 503, code);
      const executionId = /^execution_id (.+)/.exec(detail ?? '')?.[1];
      const { body } = await site.agent.get(`/commands/executions/${executionId}`).expect(200);
      expect(body.data).toMatchObject({
        status: 'failed',
        error: expect.any(String),
        error_detail: { code },
        try_count: 1,
        endpoint_url: bad?.url,
      });
    });

    it('by its own error is told in its words', async () => {
      const [bad] = await site.serve(BEHAVIOURS.fails);
      const { skillId } = await site.register([{ url: bad?.url ?? '' }]);
      const { body } = await site.execute(skillId).expect(200);
      expect(body.data).toMatchObject({ status: 'failed', error: 'Internal error', error_detail: { code: 1007 } });
    });

    it.each(['http', 'ws'])(
      'whose credential no request can carry is made up for, and told alone (%s)',
      async (scheme) => {
        const [good] = await site.serve(BEHAVIOURS.echo);
        const parameters = { authorization: 'Bearer good', invoke_path: '/run' };
        const endpoints = [{ url: `${scheme}://127.0.0.1:9/`, parameters }, { url: good?.url ?? '' }];
        for (const alone of [false, true]) {
          const { skillId } = await site.register(alone ? endpoints.slice(0, 1) : endpoints);
          // As an older release took it.
          await site.app.database.query(
            `UPDATE endpoint_params SET value = E'bad\\r\\nx-a: b' WHERE key = 'authorization'
           AND endpoint_id IN (SELECT id FROM skill_endpoints WHERE skill_id = $1)`,
            [skillId],
          );
          for (let times = 0; times < 4; times += 1) {
            const answered = await site.execute(skillId);
            if (alone) expectError(answered, 503, 2003);
            else expect(answered.status).toBe(200);
          }
        }
      },
    );

    it('for addresses inside of the network that nobody has allowed is refused before anything is sent', async () => {
      const { skillId } = await site.register([{ url: 'http://169.254.169.254/' }, { url: 'http://10.0.0.1/' }]);
      const refused = await site.execute(skillId);
      expectError(refused, 503, 2003);
    });
  });

  describe('weights', () => {
    let site: CallSite;
    // No try is cut short and made again elsewhere, however slow the machine.
    beforeAll(async () => {
      site = await CallSite.start({});
    }, 300_000);
    afterAll(async () => {
      await site.stopSkills();
      await site.app.close();
    });

    it('share 1,000 calls as they say', async () => {
      const servers = await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.echo);
      const { skillId } = await site.register(
        [1, 2, 7].map((weight, index) => ({ url: servers[index]?.url ?? '', weight })),
      );
      for (let n = 0; n < 10; n += 1) {
        const commands = Array.from({ length: 100 }, () => ({
          command_id: commandId(),
          skill_id: skillId,
          capability_id: 'forecast',
          parameters: { city: 'Berlin' },
        }));
        const { body } = await site.agent.post('/commands/batch', { commands }).expect(200);
        expect(
          (body.data.results as { execution: { status: string } }[]).map(({ execution }) => execution.status),
        ).toEqual(commands.map(() => 'completed'));
      }
      expect(servers.map(({ calls }) => calls.length)).toEqual([100, 200, 700]);
    });
  });
});
