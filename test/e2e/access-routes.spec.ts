import { ModulesContainer, Reflector } from '@nestjs/core';
import { ANY_CALLER, REQUIRED_PERMISSION } from '#auth';
import { PUBLIC_ROUTE } from '#common';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { expectError, NOBODY } from './api.js';
import { PUBLIC } from './access.routes.js';
import { routesOf } from './routes.js';

/** Swagger UI, which is no controller. */
const DOCS = /^GET \/(docs(\/.+|\*)?|openapi\.(json|yaml))$/;

/** What each guarded route asks for (protocol.md section 3 and 9). */
const PERMISSIONS: Record<string, string> = {
  'POST /api/v1/commands/execute': 'command:execute',
  'POST /api/v1/commands/batch': 'command:execute',
  'GET /api/v1/commands/executions': 'command:execute',
  'GET /api/v1/commands/executions/:execution_id': 'command:execute',
  'POST /api/v1/commands/executions/:execution_id/cancel': 'command:execute',
  'POST /api/v1/commands/executions/:execution_id/callback': 'command:execute',
  'POST /api/v1/skills': 'skill:register',
  'GET /api/v1/skills': 'skill:read',
  'GET /api/v1/skills/:skill_id': 'skill:read',
  'PUT /api/v1/skills/:skill_id': 'skill:manage',
  'PATCH /api/v1/skills/:skill_id': 'skill:manage',
  'DELETE /api/v1/skills/:skill_id': 'skill:manage',
  'POST /api/v1/skills/register': 'skill:register',
  'POST /api/v1/skills/batch': 'skill:register',
  'POST /api/v1/skills/:skill_id/heartbeat': 'skill:register',
  'POST /api/v1/heartbeats': 'skill:register',
  'POST /api/v1/skills/:skill_id/unregister': 'skill:unregister',
  'POST /api/v1/skills/:skill_id/drain': 'skill:unregister',
  'GET /api/v1/skills/discover': 'skill:read',
  'GET /api/v1/skills/:skill_id/status': 'skill:read',
  'PUT /api/v1/skills/:skill_id/status': 'skill:manage',
  'POST /api/v1/skills/:skill_id/check': 'skill:manage',
  'GET /api/v1/capabilities': 'skill:read',
  'PUT /api/v1/capabilities/:capability_id/status': 'skill:manage',
  'GET /api/v1/names/:name': 'skill:read',
  'DELETE /api/v1/names/:name': 'client:manage',
  'POST /api/v1/names/:name/transfer': 'client:manage',
  'PUT /api/v1/names/:name/shared-with': 'skill:manage',
  'POST /api/v1/channels/create': 'channel:create',
  'GET /api/v1/channels': 'channel:create',
  'GET /api/v1/channels/:channel_id': 'channel:create',
  'POST /api/v1/channels/:channel_id/close': 'channel:create',
  'GET /api/v1/channels/:channel_id/context': 'channel:create',
  'PUT /api/v1/channels/:channel_id/context': 'channel:create',
  'GET /api/v1/auth/me': ANY_CALLER,
  'GET /api/v1/audit': 'audit:read',
  'POST /api/v1/auth/clients': 'client:manage',
  'GET /api/v1/auth/clients': 'client:manage',
  'GET /api/v1/auth/clients/:client_id': 'client:manage',
  'PATCH /api/v1/auth/clients/:client_id': 'client:manage',
  'DELETE /api/v1/auth/clients/:client_id': 'client:manage',
  'POST /api/v1/auth/clients/:client_id/rotate-secret': 'client:manage',
  'POST /api/v1/auth/clients/:client_id/api-keys': 'client:manage',
  'GET /api/v1/auth/clients/:client_id/api-keys': 'client:manage',
  'GET /api/v1/auth/clients/:client_id/api-keys/:key_id': 'client:manage',
  'PATCH /api/v1/auth/clients/:client_id/api-keys/:key_id': 'client:manage',
  'POST /api/v1/auth/clients/:client_id/api-keys/:key_id/rotate': 'client:manage',
  'DELETE /api/v1/auth/clients/:client_id/api-keys/:key_id': 'client:manage',
};

describe('every route is guarded, or public for a reason', () => {
  let app: TestApp;
  let routes: string[];
  beforeAll(async () => {
    app = await startTestApp();
    // HEAD comes with GET, and runs through the same guard.
    routes = routesOf(app.app).filter((route) => !route.startsWith('HEAD ') && !DOCS.test(route));
  });
  afterAll(() => app.close());

  it('has no route that this list does not know', () => {
    expect(routes.toSorted()).toEqual([...PUBLIC, ...Object.keys(PERMISSIONS)].toSorted());
  });

  it('marks every handler as public, or with a permission, never with both or none', () => {
    const reflector = new Reflector();
    let handlers = 0;
    for (const module of app.app.get(ModulesContainer).values()) {
      for (const { metatype } of module.controllers.values()) {
        if (typeof metatype !== 'function') continue;
        const prototype = metatype.prototype as Record<string, unknown>;
        for (const name of Object.getOwnPropertyNames(prototype)) {
          const handler = prototype[name];
          if (
            name === 'constructor' ||
            typeof handler !== 'function' ||
            Reflect.getMetadata('path', handler) === undefined
          )
            continue;
          handlers += 1;
          const targets = [handler, metatype];
          const isPublic = reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets) === true;
          const permission = reflector.getAllAndOverride<string | undefined>(REQUIRED_PERMISSION, targets);
          expect([metatype.name, name, isPublic !== (permission !== undefined)]).toEqual([metatype.name, name, true]);
        }
      }
    }
    expect(handlers).toBe(routes.length);
  });

  it('answers 401 without a token on every guarded route, before it looks at anything else', async () => {
    for (const route of Object.keys(PERMISSIONS)) {
      const [method = '', path = ''] = route.split(' ');
      const url = path.replace(/:\w+/g, NOBODY);
      const call = () => app.http[method.toLowerCase() as 'get'](url);
      const answer = await call();
      expectError(answer, 401, 1002);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expectError(await call().auth('not.a.token', { type: 'bearer' }), 401, 1002);
      expectError(await call().auth('admin', 'password'), 401, 1002);
    }
    await app.http.head('/api/v1/skills').expect(401);
  });

  it('answers public routes without a token, and with a bad one', async () => {
    for (const path of ['/health', '/livez', '/readyz', '/metrics', '/docs', '/openapi.json', '/openapi.yaml']) {
      await app.http.get(path).expect(200);
      await app.http.get(path).auth('not.a.token', { type: 'bearer' }).expect(200);
    }
  });

  it('asks each route for the permission of the table: a token with all others is refused', async () => {
    const all = [...new Set(Object.values(PERMISSIONS))].filter((permission) => permission !== ANY_CALLER);
    const tokens = new Map<string, string>();
    for (const missing of all) {
      const { body } = await app.http
        .post('/api/v1/auth/token')
        .send({
          grant_type: 'client_credentials',
          client_id: 'admin',
          client_secret: 'an-admin-secret-for-the-tests',
          scope: all.filter((permission) => permission !== missing).join(' '),
        })
        .expect(200);
      tokens.set(missing, body.access_token);
    }
    for (const [route, permission] of Object.entries(PERMISSIONS)) {
      if (permission === ANY_CALLER) continue;
      const [method = '', path = ''] = route.split(' ');
      const url = path.replace(/:\w+/g, NOBODY);
      const call = () => app.http[method.toLowerCase() as 'get'](url);
      expectError(await call().auth(tokens.get(permission) ?? '', { type: 'bearer' }), 403, 1003);
      expect([route, (await call().auth(app.admin, { type: 'bearer' })).status]).not.toEqual([route, 403]);
    }
  });
});
