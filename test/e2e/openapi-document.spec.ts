import { PERMISSIONS } from '#auth';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type OpenApiDocument, operationsOf, pointerTo, resolve, type Route, type Schema } from './openapi.model.js';
import { PUBLIC as PUBLIC_ROUTES } from './access.routes.js';
import { routesOf } from './routes.js';

const PUBLIC = PUBLIC_ROUTES.map((route) => route.replace(/^[A-Z]+ /, ''));

describe('/openapi.json', () => {
  let app: TestApp;
  let document: OpenApiDocument;
  let routes: Route[];
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  beforeAll(async () => {
    app = await startTestApp();
    document = (await app.http.get('/openapi.json').expect(200)).body as OpenApiDocument;
    ajv.addSchema({ ...document, $id: 'openapi' });
    routes = operationsOf(document);
  });
  afterAll(() => app.close());

  it('is OpenAPI 3.1, and describes every route of the API and no other', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const described = routes.map(({ method, path }) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
    const served = routesOf(app.app).filter((route) => !/^HEAD |\/docs|\/openapi\./.test(route));
    expect(described.toSorted()).toEqual(served.toSorted());
  });

  it('has only schemas that are JSON Schema 2020-12, and references that lead somewhere', () => {
    for (const name of Object.keys(document.components.schemas)) {
      expect([name, typeof ajv.getSchema(`openapi#/components/schemas/${name}`)]).toEqual([name, 'function']);
    }
    expect(JSON.stringify(document)).not.toMatch(/"nullable":(true|false)/);
    // Of two classes of one name the second would stand for both.
    expect(app.logs.filter((line) => line.includes('Duplicate DTO'))).toEqual([]);
  });

  it('names every operation once, and says what it does, when it is used and what comes back', () => {
    const ids = routes.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = new Set(document.tags?.map(({ name }) => name));
    for (const { id, operation } of routes) {
      expect([id, operation.operationId, operation.summary, operation.description]).toEqual([
        id,
        expect.stringMatching(/^[a-z]\w+$/),
        expect.stringMatching(/\S/),
        expect.stringMatching(/\S.{20}/),
      ]);
      expect([id, operation.tags?.filter((tag) => !tags.has(tag))]).toEqual([id, []]);
    }
  });

  it('asks for a token everywhere but on public routes', () => {
    for (const { id, path, operation } of routes) {
      const isPublic = (operation.security ?? []).length === 0;
      expect([id, isPublic]).toEqual([id, PUBLIC.includes(path)]);
      for (const requirement of operation.security ?? []) {
        for (const scheme of Object.keys(requirement))
          expect(document.components.securitySchemes).toHaveProperty(scheme);
      }
    }
  });

  it('explains both styles, and has one form for a client id and secret, with scopes that it describes', () => {
    expect(document.info.description).toMatch(/protocol style.*resource style/);
    const forms = Object.values(document.components.securitySchemes).filter(
      ({ type, scheme }) => type === 'oauth2' || scheme === 'basic',
    );
    expect(forms).toHaveLength(1);
    const scopes = Object.entries(forms[0]?.flows?.clientCredentials?.scopes ?? {});
    expect(scopes.map(([scope]) => scope)).toEqual(PERMISSIONS);
    for (const [scope, text] of scopes) expect([scope, text]).toEqual([scope, expect.stringMatching(/^[A-Z].* /)]);
  });

  it('describes every parameter, and gives bodies an example that is valid', () => {
    for (const { id, path, method, operation } of routes) {
      for (const parameter of operation.parameters ?? []) {
        expect([id, parameter.name, parameter.description ?? '', parameter.schema]).toEqual([
          id,
          parameter.name,
          expect.stringMatching(/\S/),
          expect.anything(),
        ]);
      }
      for (const [type, { schema = {}, example, examples }] of Object.entries(operation.requestBody?.content ?? {})) {
        const samples = examples ? Object.values(examples).map(({ value }) => value) : [example ?? exampleOf(schema)];
        for (const sample of samples) {
          expect([id, sample === undefined]).toEqual([id, false]);
          const validate = ajv.getSchema(
            `openapi${pointerTo('paths', path, method, 'requestBody', 'content', type, 'schema')}`,
          );
          expect([id, validate?.(sample), validate?.errors ?? []]).toEqual([id, true, []]);
        }
      }
    }
  });

  it('describes every answer; errors have an example that matches their schema', () => {
    for (const { id, path, method, operation } of routes) {
      for (const [status, response] of Object.entries(operation.responses)) {
        expect([id, status, response.description ?? '']).toEqual([id, status, expect.stringMatching(/\S/)]);
        for (const [type, content] of Object.entries(response.content ?? {})) {
          expect([id, status, content.schema]).toEqual([id, status, expect.anything()]);
          if (Number(status) < 400) continue;
          const samples = content.examples
            ? Object.values(content.examples).map(({ value }) => value)
            : [content.example ?? exampleOf(content.schema ?? {})];
          for (const sample of samples) {
            const validate = ajv.getSchema(
              `openapi${pointerTo('paths', path, method, 'responses', status, 'content', type, 'schema')}`,
            );
            expect([id, status, sample === undefined, validate?.(sample), validate?.errors ?? []]).toEqual([
              id,
              status,
              false,
              true,
              [],
            ]);
          }
        }
      }
      const guarded = (operation.security ?? []).length > 0;
      if (guarded)
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '500', '503']));
    }
  });

  it('is the same in YAML, and Swagger UI shows it', async () => {
    expect((await app.http.get('/openapi.yaml').expect(200)).text).toMatch(/^openapi: 3\.1\.0/);
    expect((await app.http.get('/docs').expect(200)).text).toContain('swagger-ui');
    const { text: start } = await app.http.get('/docs/swagger-ui-init.js').expect(200);
    // A token that somebody types in stays in the page: the storage of the browser would keep it.
    expect(start).toMatch(/"persistAuthorization": false/);
    await app.http.get('/docs/swagger-ui-bundle.js').expect(200);
  });

  /** The example that a schema carries itself, or that its properties put together. */
  function exampleOf(raw: Schema): unknown {
    const schema = resolve(document, raw);
    if (schema.allOf)
      return exampleOf(schema.allOf.reduce((all, part) => ({ ...all, ...resolve(document, part) }), {}));
    if (schema.example !== undefined) return schema.example;
    if (schema.examples) return schema.examples[0];
    if (schema.enum) return schema.enum[0];
    if (schema.items) return [exampleOf(schema.items)];
    if (schema.properties === undefined) return undefined;
    const fields = Object.entries(schema.properties).map(([name, field]) => [name, exampleOf(field)] as const);
    const missing = fields.filter(([name, value]) => value === undefined && schema.required?.includes(name));
    return missing.length > 0 ? undefined : Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  }
});
