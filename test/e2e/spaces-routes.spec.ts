import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { PUBLIC } from './access.routes.js';
import { apiKeyOf, apiOf, NOBODY } from './api.js';
import { newTarget, openChannel } from './channels.js';
import { routesOf } from './routes.js';

/** What a route takes, where it looks at that before it looks for what its path names. */
const BODIES: Record<string, object> = {
  'PUT /api/v1/skills/:skill_id': { ...skillBody(), space_id: 'mine' },
  'PATCH /api/v1/skills/:skill_id': { description: 'x' },
  'PUT /api/v1/skills/:skill_id/status': { status: 'active' },
  'PUT /api/v1/capabilities/:capability_id/status': { status: 'enabled' },
  'PUT /api/v1/channels/:channel_id/context': { a: 'b' },
  'PATCH /api/v1/auth/clients/:client_id': { disabled: true },
  'POST /api/v1/auth/clients/:client_id/api-keys': { name: 'x' },
  'PATCH /api/v1/auth/clients/:client_id/api-keys/:key_id': { disabled: true },
  'PUT /api/v1/names/:name/shared-with': { client_ids: ['admin'] },
  'POST /api/v1/names/:name/transfer': { client_id: 'admin' },
};

describe('a client that is limited to a Space, on every route', () => {
  let app: TestApp;
  let theirs: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    const admin = apiOf(app);
    const target = await newTarget(app, { name: 'their-secret-name', space_id: 'their-space' });
    const { clientId } = await app.client('publisher', 'their-space');
    const key = await apiKeyOf(app, clientId);
    const channel = await openChannel(admin, target);
    const called = await admin.post('/commands/execute', {
      command_id: 'their-command',
      skill_id: target.skill_id,
      capability_id: target.capability_id,
      parameters: { city: 'Berlin' },
      timeout: 100,
    });
    expect(called.status).toBeLessThan(600);
    const { executions } = (await admin.get('/commands/executions').expect(200)).body.data;
    expect(executions).toHaveLength(1);
    theirs = {
      skill_id: target.skill_id,
      capability_id: target.capability_id,
      channel_id: channel.channel_id,
      client_id: clientId,
      key_id: key.id,
      execution_id: (executions as { execution_id: string }[])[0]?.execution_id ?? NOBODY,
      name: 'their-secret-name',
    };
  });
  afterAll(() => app.close());

  it.each(['admin', 'operator'] as const)('finds and changes nothing of another one, as %s', async (role) => {
    // Each reads the audit log of its own refusals alone, and that before there are any: they quote the paths.
    const { token } = await app.client(role, 'mine', `mine-as-${role}`);
    const routes = routesOf(app.app).filter(
      (route) => !route.startsWith('HEAD ') && route.includes(' /api/v1/') && !PUBLIC.includes(route),
    );
    expect(routes.length).toBeGreaterThan(30);
    routes.sort((one, other) => Number(one.includes('/:')) - Number(other.includes('/:')));
    const hidden = [...Object.values(theirs), 'their-space', 'their-command'];
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const named = [...path.matchAll(/:(\w+)/g)].map(([, parameter = '']) => parameter);
      // A parameter that this test does not know belongs in `theirs`.
      expect([route, named.filter((parameter) => theirs[parameter] === undefined)]).toEqual([route, []]);
      const url = path.replace(/:(\w+)/g, (_, parameter: string) => theirs[parameter] ?? '');
      const send = app.http[method.toLowerCase() as 'get'](url).auth(token, { type: 'bearer' });
      const answer = await (method === 'GET' ? send : send.send(BODIES[route] ?? {}));
      if (named.length > 0) expect([route, [403, 404].includes(answer.status) || answer.status]).toEqual([route, true]);
      const told = JSON.stringify([answer.body, answer.headers]);
      for (const text of hidden) expect([route, told.includes(text)]).toEqual([route, false]);
    }
    // It is all there still.
    const admin = apiOf(app);
    expect((await admin.get(`/skills/${theirs.skill_id ?? ''}`)).body).toMatchObject({ name: 'their-secret-name' });
    expect((await admin.get(`/auth/clients/${theirs.client_id ?? ''}`)).body).toMatchObject({ disabled: false });
    expect((await admin.get(`/channels/${theirs.channel_id ?? ''}`)).body.data).toMatchObject({ status: 'open' });
  });
});
