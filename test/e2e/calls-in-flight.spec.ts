import { ExecutionUpkeep } from '../../libs/commands/src/executions/execution-upkeep.js';
import { BEHAVIOURS, type Behaviour } from '../support/skill-server.js';
import { until } from '../support/until.js';
import { apiOf } from './api.js';
import { AsyncSite, type Details } from './async-calls.js';
import { commandId } from './calls.js';

describe('calls', () => {
  let site: AsyncSite;
  beforeAll(async () => {
    site = await AsyncSite.start();
  }, 300_000);
  afterAll(() => site.stop());
  afterEach(() => site.clear());

  /** A Skill that answers its calls on `release`. */
  const held = async () => {
    const waiting: (() => void)[] = [];
    const { skill, skillId } = await site.registered((call, response) => {
      waiting.push(() => {
        BEHAVIOURS.echo(call, response);
      });
    });
    const release = (): void => {
      for (const answer of waiting.splice(0)) answer();
    };
    return { skill, skillId, release };
  };

  it('of one client that hang keep none of others waiting, nor calls of another Skill at the same origin', async () => {
    const hangs: Behaviour = (call, response) => {
      if (!call.path.startsWith('/hangs')) BEHAVIOURS.echo(call, response);
    };
    const server = await site.calls.serveOne(hangs);
    const hanging = await site.calls.register([{ url: `${server.url}/hangs` }]);
    const sound = await site.calls.register([{ url: `${server.url}/sound` }]);
    const hog = apiOf(site.calls.app, (await site.calls.app.client('agent')).token);
    const other = apiOf(site.calls.app, (await site.calls.app.client('agent')).token);
    await Promise.all(Array.from({ length: 80 }, () => site.accept(hanging.skillId, {}, hog)));
    await until(() => server.calls.length === 32);
    // Neither the queue nor the connections to this origin are used up, for others and for the same client.
    for (const api of [other, hog]) {
      const id = await site.accept(sound.skillId, {}, api);
      await until(async () => {
        const { body } = await api.get(`/commands/executions/${id}`).expect(200);
        return body.data.status === 'completed';
      }, 5_000);
    }
    const inPlace = Array.from({ length: 70 }, () =>
      site.calls.execute(hanging.skillId, { timeout: 1_000 }, hog).then(({ status }) => status),
    );
    await until(() => server.calls.length >= 32 + 2 + 30);
    for (let call = 0; call < 10; call += 1)
      expect((await site.calls.execute(sound.skillId, {}, other)).status).toBe(200);
    for (const status of await Promise.all(inPlace)) expect([503, 504]).toContain(status);
  });

  it('with the command_id of one that runs get 202, or wait for its end; without an id each is a call of its own', async () => {
    const { skill, skillId, release } = await held();
    const id = commandId();
    const again = (prefer: string) => site.calls.execute(skillId, { command_id: id }).set('prefer', prefer);
    const first = site.calls.execute(skillId, { command_id: id }).then(({ status }) => status);
    await until(() => skill.calls.length === 1);
    const running = await again('').expect(202);
    const path = `/api/v1/commands/executions/${running.body.data.execution_id}`;
    expect(running.headers).toMatchObject({ location: path, 'retry-after': '1' });
    expect(running.body.data).toMatchObject({ command_id: id, status: 'running', completed_at: null });
    const late = again('wait=30').then();
    expect((await again('wait=1').expect(202)).headers).toMatchObject({ location: path, 'retry-after': '1' });
    release();
    expect(await first).toBe(200);
    const { status, headers, body } = await late;
    expect([status, headers.location]).toEqual([200, undefined]);
    expect(body.data).toMatchObject({ status: 'completed', result: { city: 'Berlin' } });
    // Without an id each request is a call.
    const other = [0, 1].map(async () => {
      const { body } = await site.calls.execute(skillId, { command_id: undefined }).expect(200);
      return body.data as { command_id: string; execution_id: string };
    });
    await until(() => skill.calls.length === 3);
    release();
    const made = await Promise.all(other);
    expect(new Set(made.map(({ command_id }) => command_id)).size).toBe(2);
    expect(
      skill.calls
        .slice(1)
        .map(({ body }) => body.command_id)
        .toSorted(),
    ).toEqual(made.map(({ command_id }) => command_id).toSorted());
  });

  it.each([true, false])(
    'whose caller hangs up go on, unless cancel_on_disconnect says otherwise: %s',
    async (cancel_on_disconnect) => {
      const { skill, skillId, release } = await held();
      const single = { command_id: commandId(), skill_id: skillId, capability_id: 'forecast', cancel_on_disconnect };
      const item = { ...single, command_id: commandId(), parameters: { city: 'Berlin' } };
      const left = [
        site.calls.execute(skillId, single),
        site.calls.agent.post('/commands/batch', { commands: [item] }),
      ];
      for (const request of left) request.end(() => undefined);
      await until(() => skill.calls.length === 2);
      for (const request of left) request.abort();
      const status = async (id: string) => {
        const { body } = await site.calls.agent.get(`/commands/executions?command_id=${id}`).expect(200);
        return (body.data as { executions: { status: string }[] }).executions[0]?.status;
      };
      if (!cancel_on_disconnect) release();
      for (const { command_id } of [single, item]) {
        await until(async () => (await status(command_id)) !== 'running');
        expect(await status(command_id)).toBe(cancel_on_disconnect ? 'cancelled' : 'completed');
      }
    },
  );

  it('whose replica is gone show which endpoint had them', async () => {
    const { skill, skillId, release } = await held();
    const id = commandId();
    const read = async () => {
      const { body } = await site.calls.agent.get(`/commands/executions?command_id=${id}`).expect(200);
      return (body.data as { executions: Details[] }).executions[0];
    };
    const lost = site.calls.execute(skillId, { command_id: id }).then();
    await until(async () => (await read())?.try_count === 1);
    await site.calls.app.database.query('UPDATE executions SET running_until = now() WHERE command_id = $1', [id]);
    await site.calls.app.app.get(ExecutionUpkeep).runAnew();
    const tries = [{ endpoint: skill.url, ended_at: expect.any(String), outcome: 'unanswered' }];
    expect(await read()).toMatchObject({
      status: 'failed',
      endpoint_url: skill.url,
      tries,
      error_detail: { code: 1008 },
    });
    release();
    await lost;
    expect(skill.calls[0]?.headers.prefer).toBe('wait=30');
  });
});
