import type { Response, Test } from 'supertest';
import type { TestApp } from '../support/test-app.js';

/** Calls of one client, below /api/v1. */
export interface Api {
  get(path: string): Test;
  post(path: string, body?: object): Test;
  put(path: string, body?: object): Test;
  patch(path: string, body?: object): Test;
  delete(path: string): Test;
}

export function apiOf({ http, admin }: TestApp, token: string = admin): Api {
  return callsOf(http, (request) => request.auth(token, { type: 'bearer' }));
}

/** Calls with an API key. */
export function keyApiOf({ http }: TestApp, key: string): Api {
  return callsOf(http, (request) => request.set('x-api-key', key));
}

/** A new API key of a client. */
export async function apiKeyOf(
  app: TestApp,
  clientId: string,
  body: object = {},
): Promise<{ id: string; key: string }> {
  const created = await apiOf(app)
    .post(`/auth/clients/${clientId}/api-keys`, { name: 'a key', ...body })
    .expect(201);
  return { id: created.body.key_id as string, key: created.body.api_key as string };
}

function callsOf(http: TestApp['http'], sign: (request: Test) => Test): Api {
  const call =
    (method: 'get' | 'post' | 'put' | 'patch' | 'delete') =>
    (path: string, body?: object): Test => {
      const request = sign(http[method](`/api/v1${path}`));
      return body === undefined ? request : request.send(body);
    };
  return {
    get: call('get'),
    post: call('post'),
    put: call('put'),
    patch: call('patch'),
    delete: call('delete'),
  };
}

const LEAKS =
  /\\n +at |\.[jt]s:\d+|node_modules|SELECT |INSERT INTO|syntax error|violates|relation "|argon2|postgres(ql)?:/i;

/** An error in the one shape, that gives nothing of the inside away. Returns its faults as `field reason`. */
export function expectError(response: Response, status: number, code: number): string[] {
  expect({ status: response.status, code: response.body?.code, body: response.body }).toMatchObject({ status, code });
  expect(response.body).toEqual({
    code,
    message: expect.any(String),
    details: expect.any(Array),
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(response.headers['content-type']).toMatch(/^application\/json/);
  expect(response.headers['x-trace-id']).toBe(response.body.trace_id);
  expect(response.text).not.toMatch(LEAKS);
  return (response.body.details as { field: string; reason: string }[]).map(
    ({ field, reason }) => `${field} ${reason}`,
  );
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** An id that no Skill has. */
export const NOBODY = '00000000-0000-4000-8000-000000000000';
