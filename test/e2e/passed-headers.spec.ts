import { until } from '../support/until.js';
import { BEHAVIOURS } from '../support/skill-server.js';
import { auditEntries } from './audit-entries.js';
import { CallSite, commandId } from './calls.js';

describe('calls and what goes with them', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_FORWARD_HEADERS: 'X-Tenant', AUDIT_CALLS: 'true' });
  }, 300_000);
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());

  const audited = (action: string) => auditEntries(site.admin, { action });

  it('pass on the trace and the headers that the settings name, in place, in batches and through the queue', async () => {
    const server = await site.serveOne();
    const { skillId } = await site.register([{ url: server.url }]);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const sent = {
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      tracestate: 'vendor=1',
      baggage: 'user=7',
      'x-tenant': 'blue',
      'x-other': 'y',
      cookie: 'a=b',
    };
    const command = () => ({
      ...{ command_id: commandId(), skill_id: skillId, capability_id: 'forecast', parameters: { city: 'Rome' } },
    });
    await site.agent.post('/commands/execute', command()).set(sent).expect(200);
    await site.agent
      .post('/commands/batch', { commands: [command()] })
      .set(sent)
      .expect(200);
    await site.agent
      .post('/commands/execute', command())
      .set({ ...sent, prefer: 'respond-async' })
      .expect(202);
    await until(() => server.calls.length === 3);
    for (const { headers } of server.calls) {
      expect(headers).toMatchObject({ tracestate: 'vendor=1', baggage: 'user=7', 'x-tenant': 'blue' });
      expect(headers.traceparent).toContain(traceId);
      expect(headers['user-agent']).toMatch(/^ooder-skill\/\d+\.\d+\.\d+$/);
      for (const name of ['x-other', 'cookie', 'authorization']) expect(headers).not.toHaveProperty(name);
    }
    expect((await audited('command.execute')).map(({ actor, target }) => [actor, target])).toEqual(
      Array.from({ length: 3 }, () => [site.agentId, `skill:${skillId}`]),
    );
  });

  it('are in the audit log when another client cancels them', async () => {
    const server = await site.serveOne(BEHAVIOURS.hangs);
    const { skillId } = await site.register([{ url: server.url }]);
    const cancelBy = async (api: CallSite['admin']) => {
      const before = server.calls.length;
      const running = site.execute(skillId).then((response) => response);
      await until(() => server.calls.length > before);
      const id = server.calls.at(-1)?.body.execution_id ?? '';
      await api.post(`/commands/executions/${id}/cancel`).expect(200);
      expect((await running).body.data.status).toBe('cancelled');
      return id;
    };
    await cancelBy(site.agent);
    const id = await cancelBy(site.admin);
    expect(await audited('execution.cancel')).toMatchObject([{ actor: 'admin', target: `execution:${id}` }]);
  });
});
