import { jest } from '@jest/globals';
import { AuthGuard } from '../../libs/auth/src/auth.guard.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

/** Nest runs the guard for each request that it serves itself. */
describe('compiled routes', () => {
  let app: TestApp;
  let api: Api;
  let skillId: string;
  const guard = jest.spyOn(AuthGuard.prototype, 'canActivate');

  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    skillId = (await api.post('/skills/register', skillBody()).expect(200)).body.data.skill_id as string;
  }, 300_000);
  afterAll(() => app.close());
  beforeEach(() => guard.mockClear());

  it.each([
    ['a heartbeat', () => api.post(`/skills/${skillId}/heartbeat`, { health: 'healthy' })],
    ['a heartbeat without a body', () => api.post(`/skills/${skillId}/heartbeat`)],
    ['many heartbeats', () => api.post('/heartbeats', { heartbeats: [{ skill_id: skillId }] })],
    ['a registration', () => api.post('/skills/register', skillBody())],
    ['discovery', () => api.get('/skills/discover?name=none&page_size=5')],
  ])('serve %s that is right', async (_, send) => {
    const { body, headers } = await send().expect(200);
    expect(guard).not.toHaveBeenCalled();
    expect(body).toMatchObject({ code: 0, message: 'success', data: expect.any(Object) });
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('leave what is not right to Nest', async () => {
    const faults = expectError(await api.post(`/skills/${skillId}/heartbeat`, { uptime: -1, other: 1 }), 400, 1001);
    expect(faults.sort()).toEqual(['other is unknown', expect.stringContaining('uptime')]);
    expectError(await api.post('/skills/no-uuid/heartbeat'), 400, 1001);
    expectError(await api.post('/skills/register', skillBody()).set('idempotency-key', 'ü'), 400, 1001);
    expect(guard).toHaveBeenCalledTimes(3);
  });

  it('leave who may not to Nest', async () => {
    const { token } = await app.client('viewer');
    guard.mockClear();
    expectError(await apiOf(app, token).post(`/skills/${skillId}/heartbeat`), 403, 1003);
    expect(guard).toHaveBeenCalledTimes(1);
  });

  it('answer what a method throws as ever', async () => {
    const response = await api.post('/skills/0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10/heartbeat');
    expectError(response, 404, 1004);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(guard).not.toHaveBeenCalled();
    expect(app.logs.join('\n')).toContain('"error_code":1004');
  });

  it('answer with the status that a method sets', async () => {
    const { headers } = await api
      .post('/commands/execute', {
        command_id: 'compiled-1',
        skill_id: skillId,
        capability_id: 'forecast',
        parameters: { city: 'Berlin' },
      })
      .set('prefer', 'respond-async')
      .expect(202);
    expect(headers.location).toMatch(/^\/api\/v1\/commands\/executions\//);
    expect(guard).not.toHaveBeenCalled();
  });
});
