import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiKeyOf, apiOf } from './api.js';
import { EDIT, EXISTING, mutate, parametersOf, repair, repairParameters, valid } from './openapi.arbitraries.js';
import { type OpenApiDocument, operationsOf, pointerTo, resolve, type Route } from './openapi.model.js';

/** Printed by fast-check with a failure; FUZZ_SEED and FUZZ_RUNS search elsewhere and longer. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_123);
const RUNS = Number(process.env.FUZZ_RUNS ?? 6);

interface Call {
  parameters: Record<string, unknown>;
  body: unknown;
}

/** These need the id and the secret of a client, which the document cannot know. */
const BY_SECRET = ['getToken', 'revokeToken', 'introspectToken'];

describe('a fuzzer over /openapi.json', () => {
  let app: TestApp;
  let document: OpenApiDocument;
  let routes: Route[];
  let sent = 0;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  beforeAll(async () => {
    app = await startTestApp();
    document = (await app.http.get('/openapi.json').expect(200)).body as OpenApiDocument;
    ajv.addSchema({ ...document, $id: 'openapi' });
    routes = operationsOf(document);
  });
  afterAll(() => app.close());

  const bodySchema = ({ operation }: Route) => Object.values(operation.requestBody?.content ?? {})[0]?.schema;

  const calls = (route: Route) =>
    fc.record<Call>({
      parameters: parametersOf(document, route.operation.parameters ?? []),
      body: fc.option(valid(document, bodySchema(route) ?? { enum: [undefined] }), { freq: 1e9 }),
    });

  async function send(route: Route, { parameters, body }: Call): Promise<Response> {
    const text = JSON.stringify(body) as string | undefined;
    const ids = await existing([
      ...Object.keys(parameters).filter((name) => parameters[name] === EXISTING),
      ...(text?.includes(EXISTING) ? ['skill_id'] : []),
    ]);
    const query = new URLSearchParams();
    const headers: Record<string, string> = {};
    let path = route.path;
    for (const { name, in: place } of route.operation.parameters ?? []) {
      const value = parameters[name] === EXISTING ? ids[name] : parameters[name];
      if (value === undefined) continue;
      if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(asText(value).toWellFormed()) || '%20');
      else if (name === 'Idempotency-Key' && typeof value === 'string')
        headers[name] = `${value}-${(sent += 1)}`.replace(/[^\x20-\x7e]/g, '?');
      else if (place === 'header') headers[name] = asText(value).replace(/[^\x20-\x7e]/g, '?');
      else if (name === 'metadata' && typeof value === 'object')
        for (const [key, item] of Object.entries(value ?? {})) query.append(key, asText(item));
      else query.append(name, asText(value));
    }
    const request = app.http[route.method as 'get'](`${path}${query.size > 0 ? `?${query.toString()}` : ''}`).set(
      headers,
    );
    if (route.operation.security?.length !== 0) void request.auth(app.admin, { type: 'bearer' });
    if (text !== undefined) {
      void request.set('content-type', 'application/json').send(text.replaceAll(EXISTING, ids.skill_id ?? ''));
    }
    const response = await request;
    if (route.method !== 'get' && response.status < 300) known = {};
    return response;
  }

  const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

  /** The ids of things that exist. They are made when a call names them, and again after each call that changes something. */
  let known: Record<string, string> = {};
  async function existing(names: string[]): Promise<Record<string, string>> {
    for (const name of names) if (!(name in known)) Object.assign(known, await makers[name]?.());
    return known;
  }

  async function newSkill() {
    const { body } = await apiOf(app).post('/skills', skillBody()).expect(201);
    return { skill_id: body.skill_id as string, capability_id: body.capabilities[0].capability_id as string };
  }

  async function newClient() {
    const { body } = await apiOf(app).post('/auth/clients', { name: 'fuzzed', role: 'admin' }).expect(201);
    const client_id = body.client_id as string;
    return { client_id, key_id: (await apiKeyOf(app, client_id)).id };
  }

  async function newChannel() {
    const { body } = await apiOf(app)
      .post('/channels/create', await newSkill())
      .expect(200);
    return { channel_id: body.data.channel_id as string };
  }

  async function newExecution() {
    const skill = await newSkill();
    const command = {
      ...skill,
      command_id: `fuzz-${skill.skill_id}`,
      parameters: { city: 'Berlin' },
      callback_url: 'http://fuzz.example/callback',
    };
    const { body } = await apiOf(app).post('/commands/execute', command).expect(202);
    const execution_id = body.data.execution_id as string;
    await apiOf(app).post(`/commands/executions/${execution_id}/cancel`).expect(200);
    return { execution_id };
  }

  /** A name that no Skill has any more: it can be freed. */
  async function newFreeName() {
    const { body } = await apiOf(app).post('/skills', skillBody()).expect(201);
    await apiOf(app)
      .delete(`/skills/${body.skill_id as string}`)
      .expect(204);
    return { name: body.name as string };
  }

  const makers: Record<string, () => Promise<Record<string, string>>> = {
    skill_id: newSkill,
    capability_id: newSkill,
    client_id: newClient,
    key_id: newClient,
    channel_id: newChannel,
    execution_id: newExecution,
    name: newFreeName,
  };

  /** Never a 5xx, a documented status, and a body as its schema says. */
  function check(route: Route, response: Response): void {
    const status = String(response.status);
    expect(response.status).toBeLessThan(500);
    const documented = route.operation.responses[status];
    expect([route.id, status, documented === undefined ? response.text : 'documented']).toEqual([
      route.id,
      status,
      'documented',
    ]);
    const [type] = Object.keys(documented?.content ?? {});
    if (type === undefined) {
      expect(response.text).toBe('');
      return;
    }
    expect(response.headers['content-type']).toContain(type);
    if (type !== 'application/json') return;
    const pointer = pointerTo('paths', route.path, route.method, 'responses', status, 'content', type, 'schema');
    const validate = ajv.getSchema(`openapi${pointer}`);
    if (!validate) throw new Error(`no schema at ${pointer}`);
    const matches = validate(response.body);
    expect({ errors: matches ? [] : validate.errors, body: matches ? {} : response.body }).toEqual({
      errors: [],
      body: {},
    });
  }

  const fuzz = async (
    arbitrary: (route: Route) => fc.Arbitrary<Call> | undefined,
    judge: (route: Route, response: Response) => void,
  ) => {
    for (const [index, route] of routes.entries()) {
      const call = arbitrary(route);
      if (!call) continue;
      const property = fc.asyncProperty(call, async (generated) => {
        const response = await send(route, generated);
        check(route, response);
        judge(route, response);
      });
      await fc.assert(property, { seed: SEED + index, numRuns: RUNS, endOnFailure: true });
    }
  };

  it('takes what the document allows', async () => {
    const succeeded = new Set<string>();
    await fuzz(
      (route) =>
        calls(route).map(({ parameters, body }) => ({
          parameters: repairParameters(parameters),
          body: repair(body),
        })),
      ({ id }, { status, text }) => {
        expect([id, status, status === 400 && !BY_SECRET.includes(id) ? text : '']).toEqual([id, status, '']);
        if (status < 300) succeeded.add(id);
      },
    );
    const refused = routes.map(({ id }) => id).filter((id) => !succeeded.has(id));
    expect(refused.toSorted()).toEqual(BY_SECRET.toSorted());
  }, 300_000);

  it('answers anything with a documented error', async () => {
    await fuzz(
      (route) =>
        fc
          .record({ call: calls(route), edits: fc.array(EDIT, { minLength: 1, maxLength: 3 }) })
          .map(({ call, edits }) => ({
            parameters: edits.reduce<Record<string, unknown>>(
              (all, edit) => (edit.at % 2 === 0 ? (mutateParameters(all, edit) as Record<string, unknown>) : all),
              call.parameters,
            ),
            body: call.body === undefined ? undefined : edits.reduce(mutate, call.body),
          })),
      () => undefined,
    );
  }, 300_000);

  const mutateParameters = (parameters: Record<string, unknown>, edit: Parameters<typeof mutate>[1]): unknown => {
    const names = Object.keys(parameters);
    const name = names[edit.at % names.length];
    return name === undefined ? parameters : { ...parameters, [name]: edit.value };
  };

  it('answers anything large with a documented error', async () => {
    const many = Array.from({ length: 40_000 }, (_, n) => n);
    const values = [many.map(() => ({})), many, Object.fromEntries(many.map((n) => [`k${n}`, n])), 'x'.repeat(500_000)];
    for (const route of routes) {
      const schema = resolve(document, bodySchema(route) ?? {});
      const [call] = fc.sample(calls(route), { seed: SEED, numRuns: 1 });
      if (!bodySchema(route) || !call) continue;
      const bodies = [
        ...values,
        ...Object.keys(schema.properties ?? {}).map((field, index) => ({ [field]: values[index % values.length] })),
      ];
      for (const body of bodies) {
        const response = await send(route, { ...call, body });
        check(route, response);
        expect([route.id, response.status >= 400]).toEqual([route.id, true]);
      }
    }
  }, 300_000);

  it('refuses a body without a field that the document requires', async () => {
    await fuzz(
      (route) => {
        const schema = resolve(document, bodySchema(route) ?? {});
        const [first, ...others] = schema.required ?? [];
        if (first === undefined) return undefined;
        return fc
          .record({ call: calls(route), missing: fc.constantFrom(first, ...others) })
          .map(({ call, missing }) => {
            const { [missing]: _, ...body } = repair(call.body) as Record<string, unknown>;
            return { parameters: { ...call.parameters }, body };
          });
      },
      ({ id }, { status }) => {
        // Who asks is looked at before what is asked for.
        expect([id, status]).toEqual([id, id !== 'getToken' && BY_SECRET.includes(id) ? 401 : 400]);
      },
    );
  }, 300_000);
});
