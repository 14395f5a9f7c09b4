import type { Type } from '@nestjs/common';
import { jest } from '@jest/globals';
import { CompiledValidator, createValidationPipe } from '#common';
import { AuthGuard } from '../../libs/auth/src/auth.guard.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';
import { bodyClassesOf, fieldsOf, itemClassesOf } from './body-classes.js';
import { counted } from './counted-steps.js';

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

  it('leave who may not to a hook before the body, or to Nest where there is none', async () => {
    const { token } = await app.client('viewer');
    guard.mockClear();
    expectError(await apiOf(app, token).post(`/skills/${skillId}/heartbeat`), 403, 1003);
    expect(guard).not.toHaveBeenCalled();
    expectError(await apiOf(app, token).get('/channels'), 403, 1003);
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

  /** They check what they read by themselves, in one pass over it. */
  const CHECKED_BY_THEMSELVES = [
    'ChannelsController.putContext',
    'SkillsController.patch',
    'TokenController.token',
    'TokenStatusController.introspect',
    'TokenStatusController.revoke',
  ];

  it('read no payload of a class that class-validator alone knows', () => {
    const known = new Set<Type<object>>();
    const others = new Set<string>();
    for (const { route, type } of bodyClassesOf(app.app)) {
      if (CompiledValidator.of(type)) known.add(type);
      else others.add(route);
    }
    expect(known.size).toBeGreaterThan(20);
    expect([...others].sort()).toEqual(CHECKED_BY_THEMSELVES);
  });

  describe('with payloads of any size', () => {
    const list = (size: number, item: unknown): unknown[] => new Array<unknown>(size).fill(item);
    const map = (size: number, item: unknown): object =>
      Object.fromEntries(Array.from({ length: size }, (_, n) => [`k${n}`, item]));
    const VALUES: Record<string, (size: number) => unknown> = {
      'empty objects': (size) => list(size, {}),
      'numbers, each once': (size) => Array.from({ length: size }, (_, n) => n),
      'lists of lists': (size) => list(size / 10, list(10, [1])),
      'an object of objects': (size) => map(size, { type: 'x', y: {} }),
      'many keys in one of many': (size) => [...list(100, {}), map(size, 1)],
      'a long text': (size) => 'x'.repeat(size),
    };

    /** Each field of a class holds each of these, in nested objects too; and it has fields that nobody knows. */
    function shapesOf(type: Type<object>): Record<string, (size: number) => object> {
      const shapes: Record<string, (size: number) => object> = { 'unknown fields': (size) => map(size, 1) };
      for (const field of fieldsOf(type))
        for (const [name, value] of Object.entries(VALUES))
          shapes[`${field}: ${name}`] = (size) => ({ [field]: value(size) });
      for (const [field, item] of itemClassesOf(type))
        for (const [name, shape] of Object.entries(shapesOf(item)))
          shapes[`${field}.${name}`] = (size) => ({ [field]: [shape(size), ...list(99, shape(10))] });
      return shapes;
    }

    const pipe = createValidationPipe();
    async function stepsFor(type: Type<object>, value: object): Promise<number> {
      const body = counted(value);
      await pipe.transform(body.value, { type: 'body', metatype: type }).catch(() => undefined);
      return body.steps();
    }

    it('work in steps that grow with the payload up to its limits, and not beyond', async () => {
      const types = new Set(
        bodyClassesOf(app.app)
          .map(({ type }) => type)
          .filter((type) => CompiledValidator.of(type)),
      );
      const tooMany: string[] = [];
      const open = new Set<Type<object>>();
      for (const type of types) {
        for (const [name, shape] of Object.entries(shapesOf(type))) {
          const [small, large] = [await stepsFor(type, shape(500)), await stepsFor(type, shape(2_000))];
          if (large > 4.2 * small + 5_000) tooMany.push(`${type.name} ${name}: ${small}, ${large}`);
          // What grows is an object of anything; one of its kind is enough.
          if (large <= 1.1 * small + 1_000 || open.has(type)) continue;
          open.add(type);
          const [beyond, farBeyond] = [await stepsFor(type, shape(110_000)), await stepsFor(type, shape(220_000))];
          if (farBeyond > 1.1 * beyond) tooMany.push(`${type.name} ${name} beyond its limits: ${beyond}, ${farBeyond}`);
        }
      }
      expect(tooMany).toEqual([]);
      expect([...open].map(({ name }) => name)).toContain('ExecuteCommandBody');
    }, 300_000);
  });
});
