import { setTimeout as delay } from 'node:timers/promises';
import { CallStatistics } from '../../libs/commands/src/executions/call-statistics.js';
import { answer, BEHAVIOURS } from '../support/skill-server.js';
import { CallSite, commandId } from './calls.js';
import { expectError } from './api.js';
import { apiOf } from './api.js';
import { skillBody } from '../support/skill.factory.js';

describe('executions', () => {
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

  describe('the same command_id', () => {
    it('is the same call, however often it is sent, also at the same time', async () => {
      const [skill] = await site.serve((call, response) => {
        setTimeout(() => {
          BEHAVIOURS.echo(call, response);
        }, 50);
      });
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const id = commandId();
      const many = await Promise.all(Array.from({ length: 10 }, () => site.execute(skillId, { command_id: id })));
      const ids = new Set(many.map(({ body }) => body.data.execution_id as string));
      expect([skill?.calls.length, ids.size]).toEqual([1, 1]);
      const again = await site.execute(skillId, { command_id: id }).expect(200);
      expect(again.body.data).toMatchObject({ status: 'completed', result: { city: 'Berlin' } });
      const other = await site.execute(skillId, { command_id: id, parameters: { city: 'Paris' } });
      expect(expectError(other, 400, 1001)).toEqual([
        'command_id was used for a different request before: send a new one, or none',
      ]);
      // Of another client it is another call.
      await site.execute(skillId, { command_id: id }, site.admin).expect(200);
      expect(skill?.calls).toHaveLength(2);
    });

    it('is tried again when no Skill had got it', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId, name } = await site.register([{ url: skill?.url ?? '' }]);
      const url = skill?.url ?? '';
      await skill?.stop();
      const id = commandId();
      const refused = await site.execute(skillId, { command_id: id });
      expectError(refused, 503, 2003);
      const [{ reason }] = refused.body.details as [{ reason: string }];
      for (let n = 0; n < 2; n += 1) {
        const failed = await site.agent.get(`/commands/executions/${reason}`).expect(200);
        expect(failed.body.data.status).toBe('failed');
      }
      const [back] = await site.serve(BEHAVIOURS.echo);
      await site.admin.post('/skills/register', skillBody({ name, endpoints: [{ url: back?.url ?? '' }] })).expect(200);
      await site.app.database.query('DELETE FROM skill_endpoints WHERE url = $1', [url]);
      const { body } = await site.execute(skillId, { command_id: id }).expect(200);
      expect(body.data.status).toBe('completed');
      const details = await site.agent.get(`/commands/executions/${body.data.execution_id}`).expect(200);
      expect(details.body.data).toMatchObject({
        status: 'completed',
        try_count: 2,
        tries: [
          { endpoint: url, outcome: 'unreachable' },
          { endpoint: back?.url, ended_at: expect.any(String), outcome: 'answered' },
        ],
      });
    });
  });

  describe('executions', () => {
    it('of earlier releases are read, found and repeated as completed', async () => {
      const { url } = await site.serveOne();
      const { skillId } = await site.register([{ url }]);
      const id = commandId();
      const { execution_id } = (await site.execute(skillId, { command_id: id }).expect(200)).body.data as {
        execution_id: string;
      };
      await site.app.database.query(`UPDATE executions SET status = 'success' WHERE id = $1`, [execution_id]);
      const completed = { execution_id, status: 'completed', error: null, error_detail: null };
      for (const status of ['completed', 'success']) {
        const { body } = await site.agent.get(`/commands/executions?skill_id=${skillId}&status=${status}`).expect(200);
        expect(body.data).toMatchObject({ total: 1, executions: [completed] });
      }
      // The second answer comes from the cache.
      for (let n = 0; n < 2; n += 1) {
        const { body } = await site.agent.get(`/commands/executions/${execution_id}`).expect(200);
        expect(body.data).toMatchObject(completed);
      }
      const again = await site.execute(skillId, { command_id: id }).expect(200);
      expect(again.body.data).toMatchObject({ ...completed, result: { city: 'Berlin' } });
      expectError(await site.agent.get('/commands/executions?status=COMPLETED'), 400, 1001);
    });

    it('that are finished are read without a query, only by callers who may see them', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const { body } = await site.execute(skillId).expect(200);
      const path = `/commands/executions/${body.data.execution_id}`;
      const first = await site.agent.get(path).expect(200);
      // The row is the only thing that a query could find.
      await site.app.database.query('DELETE FROM executions WHERE id = $1', [body.data.execution_id]);
      expect((await site.agent.get(path).expect(200)).body.data).toEqual(first.body.data);
      expect((await site.admin.get(path).expect(200)).body.data).toEqual(first.body.data);
      const other = apiOf(site.app, (await site.app.client('agent')).token);
      expectError(await other.get(path), 404, 1010);
    });

    it('are read, listed and filtered by their caller and by managers of Skills', async () => {
      const [skill] = await site.serve(answer({ code: 0, data: { status: 'success', result: 'x'.repeat(2_000) } }));
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const { body } = await site.execute(skillId).expect(200);
      expect(body.data.result).toHaveLength(2_000);
      const path = `/commands/executions/${body.data.execution_id}`;
      const { data } = (await site.agent.get(path).expect(200)).body;
      expect(data).toMatchObject({
        client_id: site.agentId,
        capability: 'forecast',
        mode: 'sync',
        try_count: 1,
        result: null,
        result_kept: false,
        endpoint_url: skill?.url,
        request_bytes: expect.any(Number),
        response_bytes: expect.any(Number),
      });
      const list = async (query: string, api = site.agent) =>
        (await api.get(`/commands/executions?${query}`).expect(200)).body.data as {
          total: number;
          executions: object[];
        };
      const found = await list(`skill_id=${skillId}&status=completed&capability=forecast&from=2020-01-01T00:00:00Z`);
      expect(found).toMatchObject({ total: 1, executions: [{ execution_id: body.data.execution_id }] });
      expect(Object.keys(found.executions[0] ?? {})).not.toContain('result');
      for (const query of ['status=failed', 'to=2020-01-01T00:00:00Z', 'capability=none', 'command_id=none']) {
        expect(await list(`skill_id=${skillId}&${query}`)).toMatchObject({ total: 0, executions: [] });
      }
      const other = apiOf(site.app, (await site.app.client('agent')).token);
      expectError(await other.get(path), 404, 1010);
      expectError(await other.post(`${path}/cancel`), 404, 1010);
      expect(await list(`skill_id=${skillId}`, other)).toMatchObject({ total: 0 });
      expect(await list(`skill_id=${skillId}`, site.admin)).toMatchObject({ total: 1 });
    });

    it('keep every text that JSON can hold', async () => {
      const result = { text: '\u0000 \ud800 \u{1f600}', deep: [[[null]]] };
      const [skill] = await site.serve(
        answer({ code: 0, data: { status: 'success', result, output: 'a\u0000b\ud800' } }),
      );
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const { body } = await site.execute(skillId).expect(200);
      expect(body.data.result).toEqual(result);
      const kept = await site.agent.get(`/commands/executions/${body.data.execution_id}`).expect(200);
      expect(kept.body.data).toMatchObject({ result, output: 'a\ufffdb\ufffd' });
    });

    it('are cancelled while they run, and then stay so', async () => {
      const [skill] = await site.serve(BEHAVIOURS.hangs);
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const id = commandId();
      const running = site.execute(skillId, { command_id: id, timeout: 20_000 }).then((response) => response);
      while (skill?.calls.length === 0) await delay(5);
      const { executions } = (await site.agent.get(`/commands/executions?command_id=${id}`)).body.data as {
        executions: { execution_id: string; status: string }[];
      };
      expect(executions).toMatchObject([{ status: 'running' }]);
      const path = `/commands/executions/${executions[0]?.execution_id}`;
      const began = performance.now();
      const cancelled = (await site.agent.post(`${path}/cancel`).expect(200)).body.data as { completed_at: string };
      const tries = [
        {
          endpoint: skill?.url,
          started_at: expect.any(String),
          ended_at: cancelled.completed_at,
          outcome: 'cancelled',
        },
      ];
      expect(cancelled).toMatchObject({ status: 'cancelled', endpoint_url: skill?.url, try_count: 1, tries });
      const { status, body } = await running;
      expect([status, body.data.status]).toEqual([200, 'cancelled']);
      expect(performance.now() - began).toBeLessThan(1_000);
      expect((await site.agent.post(`${path}/cancel`).expect(200)).body.data.status).toBe('cancelled');
      // As another replica is told.
      const other = commandId();
      const elsewhere = site.execute(skillId, { command_id: other, timeout: 20_000 }).then((response) => response);
      const list = async () => {
        const { body } = await site.agent.get(`/commands/executions?command_id=${other}`).expect(200);
        return (body.data as { executions: { try_count: number }[] }).executions[0];
      };
      const sent = { endpoint_url: skill?.url, try_count: 1 };
      while ((await list())?.try_count !== 1) await delay(5);
      expect(await list()).toMatchObject({ ...sent, status: 'running', tries: [{ ended_at: null, outcome: null }] });
      await site.app.database.query(`UPDATE executions SET status = 'cancelled' WHERE command_id = $1`, [other]);
      expect((await elsewhere).body.data.status).toBe('cancelled');
      expect(await list()).toMatchObject(sent);
    });

    it('count in the status of their Skill', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      await site.execute(skillId).expect(200);
      if (skill) skill.behaviour = answer({ code: 7, message: 'no' });
      await site.execute(skillId).expect(200);
      await site.app.app.get(CallStatistics).flush();
      const { body } = await site.admin.get(`/skills/${skillId}/status`).expect(200);
      expect(body.data).toMatchObject({ request_count: 2, error_count: 1 });
      const metrics = (await site.app.http.get('/metrics')).text;
      expect(metrics).toMatch(/command_executions_total\{status="completed"\} [1-9]/);
      expect(metrics).toMatch(/command_duration_seconds_count\{capability="forecast"\} [1-9]/);
      const { name } = (await site.admin.get(`/skills/${skillId}`).expect(200)).body;
      for (const status of ['completed', 'failed']) {
        expect(metrics).toContain(`command_skill_executions_total{skill="${name}",status="${status}"} 1\n`);
      }
    });
  });

  describe('a batch', () => {
    it('has one result for each, in order, and goes on after failures', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId } = await site.register([{ url: skill?.url ?? '' }]);
      const one = { skill_id: skillId, capability_id: 'forecast', parameters: { city: 'Rome' } };
      const commands = [
        { ...one, command_id: commandId() },
        { ...one, command_id: commandId(), parameters: {} },
        'nonsense',
        { ...one, command_id: commandId(), skill_id: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10' },
        { ...one, command_id: commandId() },
      ];
      const { body } = await site.agent.post('/commands/batch', { commands }).expect(200);
      expect(body.data.results).toEqual([
        { index: 0, execution: expect.objectContaining({ status: 'completed', result: { city: 'Rome' } }) },
        { index: 1, code: 1001, message: 'Bad parameter; parameters.city is required' },
        { index: 2, code: 1001, message: 'Bad parameter; body must be an object' },
        { index: 3, code: 1004, message: 'Skill does not exist' },
        { index: 4, execution: expect.objectContaining({ status: 'completed' }) },
      ]);
      expect(expectError(await site.agent.post('/commands/batch', { commands: [] }), 400, 1001)).toHaveLength(1);
      const many = Array.from({ length: 101 }, () => one);
      expect(expectError(await site.agent.post('/commands/batch', { commands: many }), 400, 1001)).toHaveLength(1);
    });
  });

  describe('through a channel', () => {
    it('goes to the same endpoint, with the context, which the Skill changes', async () => {
      const servers = await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.echo);
      const { skillId, capabilityId } = await site.register(servers.map(({ url }) => ({ url })));
      const created = await site.agent
        .post('/channels/create', { skill_id: skillId, capability_id: capabilityId })
        .expect(200);
      const channelId = created.body.data.channel_id as string;
      await site.agent.put(`/channels/${channelId}/context`, { a: '1', b: '2' }).expect(200);
      for (const server of servers) {
        server.behaviour = answer({ code: 0, data: { status: 'success', context: { a: null, c: 'new' } } });
      }
      const call = () =>
        site.agent.post('/commands/execute', {
          command_id: commandId(),
          channel_id: channelId,
          parameters: { city: 'Oslo' },
        });
      for (let n = 0; n < 5; n += 1) await call().expect(200);
      expect(servers.map(({ calls }) => calls.length).toSorted()).toEqual([0, 0, 5]);
      const sticky = servers.find(({ calls }) => calls.length > 0);
      expect(sticky?.calls.map(({ body }) => body.context)).toEqual([
        { a: '1', b: '2' },
        ...Array.from({ length: 4 }, () => ({ b: '2', c: 'new' })),
      ]);
      expect(sticky?.calls[0]?.body.channel_id).toBe(channelId);
      await sticky?.stop();
      await call().expect(200);
      expectError(
        await site.agent.post('/commands/execute', {
          command_id: commandId(),
          channel_id: channelId,
          skill_id: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10',
        }),
        400,
        1001,
      );
      expectError(
        await site.admin.post('/commands/execute', { command_id: commandId(), channel_id: skillId }),
        404,
        1010,
      );
      await site.agent.post(`/channels/${channelId}/close`).expect(200);
      expectError(await call(), 409, 1006);
    });
  });
});
