import fc, { type Arbitrary } from 'fast-check';
import { type OpenApiDocument, type Parameter, resolve, type Schema } from './openapi.model.js';

let commands = 0;

/** Stands for the name or the id of a Skill, the id of a capability, a client or a key that is there; the sender puts it in. */
export const EXISTING = '@existing';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Text that is schema-valid and not blank, in the limits at both ends. */
function text({ minLength = 0, maxLength = 40 }: Schema): Arbitrary<string> {
  const limit = (length: number) => fc.string({ unit: 'grapheme-ascii', minLength: length, maxLength: length });
  return fc
    .oneof(
      { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength, maxLength: Math.min(maxLength, 24) }) },
      { weight: 2, arbitrary: fc.constantFrom('天气', '🌦', "'); DROP TABLE skills; --", '%_\\', 'é', '\u202e') },
      { weight: 1, arbitrary: limit(maxLength) },
    )
    .filter((value) => value.length <= maxLength && (minLength === 0 || value.trim().length >= minLength));
}

/** Values that a schema allows. */
export function valid(document: OpenApiDocument, raw: Schema): Arbitrary<unknown> {
  const schema = resolve(document, raw);
  if (schema.allOf)
    return valid(
      document,
      schema.allOf.reduce((all, part) => ({ ...all, ...resolve(document, part) }), {}),
    );
  const parts = schema.oneOf ?? schema.anyOf;
  if (parts) return fc.oneof(...parts.map((part) => valid(document, part)));
  if (schema.type === 'null') return fc.constant(null);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const type = Array.isArray(schema.type) ? schema.type.find((candidate) => candidate !== 'null') : schema.type;
  switch (type) {
    case 'string':
      if (schema.format === 'uuid')
        return fc.oneof({ weight: 4, arbitrary: fc.constant(EXISTING) }, { weight: 1, arbitrary: fc.uuid() });
      // To come: what expires must not have expired.
      if (schema.format === 'date-time')
        return fc.integer({ min: 2050, max: 2099 }).map((year) => `${year}-01-18T00:00:00.000Z`);
      if (schema.format === 'uri') return fc.nat(999).map((n) => `http://fuzz.example/${n}`);
      if (schema.pattern !== undefined)
        return fc.stringMatching(new RegExp(schema.pattern)).filter((value) => value.length <= 32);
      return text(schema);
    case 'integer':
      return fc.oneof(
        fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 100 }),
        fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 100),
      );
    case 'number':
      return fc.oneof(
        fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 100, noNaN: true }),
        fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 100),
      );
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return (schema.uniqueItems ? fc.uniqueArray : fc.array)(valid(document, schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, 3),
      });
    case 'object':
      return object(document, schema);
    default:
      return fc.constantFrom(null, 1, 'x', true);
  }
}

function object(document: OpenApiDocument, schema: Schema): Arbitrary<unknown> {
  const fields = Object.entries(schema.properties ?? {});
  const required = schema.required ?? [];
  const named = fc.record(Object.fromEntries(fields.map(([name, field]) => [name, valid(document, field)])), {
    requiredKeys: required.filter((name) => fields.some(([field]) => field === name)),
  });
  const [pattern] = Object.keys(schema.patternProperties ?? {});
  const extra = pattern === undefined ? schema.additionalProperties : schema.patternProperties?.[pattern];
  if (typeof extra !== 'object') return named;
  const key = pattern === undefined ? text({ minLength: 1, ...schema.propertyNames }) : fc.constant('metadata.region');
  return fc.dictionary(
    key.filter((name) => !/^(__proto__|constructor|prototype)$/.test(name)),
    valid(document, extra),
    { maxKeys: 3 },
  );
}

/** What is wrong nearly everywhere: other types, bounds and what lies beyond, text that no database stores. */
export const NASTY: Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    '',
    ' ',
    'x'.repeat(256),
    'x'.repeat(5000),
    '\u0000',
    '\ud800',
    '1.0',
  ),
  fc.constantFrom<Json[]>(
    [],
    {},
    [[]],
    [null],
    { $ne: null },
    "' OR 1=1 --",
    '${7*7}',
    '../../etc/passwd',
    '🌦'.repeat(256),
  ),
  fc.jsonValue({ maxDepth: 2 }) as Arbitrary<Json>,
);

export interface Edit {
  at: number;
  value: Json;
  kind: 'replace' | 'add' | 'wrap';
}

export const EDIT: Arbitrary<Edit> = fc.record({
  at: fc.nat(60),
  value: NASTY,
  kind: fc.constantFrom('replace', 'replace', 'replace', 'add', 'wrap'),
});

/** Changes one place of a JSON value; `at` counts its places in order, round and round. */
export function mutate(value: unknown, { at, value: nasty, kind }: Edit): unknown {
  const copy: Record<string, unknown> = { root: structuredClone(value) };
  const places = placesOf(copy);
  const [holder, key] = places[at % places.length] ?? [copy, 'root'];
  const present = holder[key];
  if (kind === 'add' && typeof present === 'object' && present !== null) Reflect.set(present, 'fuzz_unknown', nasty);
  else holder[key] = kind === 'wrap' ? [present] : nasty;
  return copy.root;
}

function placesOf(holder: object): [Record<string, unknown>, string][] {
  return Object.entries(holder).flatMap(([key, value]) => [
    [holder as Record<string, unknown>, key] as [Record<string, unknown>, string],
    ...(typeof value === 'object' && value !== null ? placesOf(value as object) : []),
  ]);
}

/** Of a parameter's declaration: what does not depend on its type and on the other rules. */
const DECLARED = ['type', 'required', 'description', 'nullable'];

/**
 * Rules that no schema tells: a protocol is the url's scheme, lists name nothing twice, a default is of its type, a
 * heartbeat comes from an endpoint of the Skill, a channel leads to a capability of it.
 */
export function repair(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const body = value as Record<string, unknown>;
  for (const [list, key] of [
    ['endpoints', 'url'],
    ['capabilities', 'name'],
  ] as const) {
    const items = body[list] as Record<string, unknown>[] | undefined;
    if (!Array.isArray(items)) continue;
    body[list] = items.filter((item, index) => items.findIndex((other) => other[key] === item[key]) === index);
    for (const item of items) {
      delete item.protocol;
      if (list === 'capabilities')
        // Rules must agree with the type and with each other.
        for (const parameter of Object.values(item.parameters ?? {}))
          for (const rule of Object.keys(parameter as object))
            if (!DECLARED.includes(rule)) Reflect.deleteProperty(parameter as object, rule);
    }
  }
  if (Array.isArray(body.skills)) body.skills.forEach(repair);
  if (Array.isArray(body.commands)) body.commands.forEach(repair);
  delete body.endpoint_url;
  // Of a registration that nobody knows beforehand.
  delete body.generation;
  if ('command_id' in body) {
    // The same again would be another call of the same name.
    if (typeof body.command_id === 'string') body.command_id = `${body.command_id.slice(0, 100)}-${(commands += 1)}`;
    // A call by the queue: nobody listens where the Skill is said to be.
    for (const name of ['skill', 'capability', 'channel_id', 'timeout']) Reflect.deleteProperty(body, name);
    const callback_url = 'http://fuzz.example/callback';
    Object.assign(body, {
      skill_id: EXISTING,
      capability_id: 'forecast',
      parameters: { city: 'Berlin' },
      callback_url,
    });
  } else if ('capability_id' in body) {
    // Of a channel: the one of the Skill, which lives as long as settings allow.
    Object.assign(body, { skill_id: EXISTING, capability_id: 'forecast' });
    delete body.expiry_time;
    // In the body of `unregister` it is the one of the path.
  } else if (body.skill_id === EXISTING || !('name' in body)) delete body.skill_id;
  // To whom a name is given must be there.
  if (Object.keys(body).join() === 'client_id') body.client_id = 'admin';
  if (typeof body.client_id === 'string') body.client_id = body.client_id.replace(/[^\w.-]/g, '_');
  return body;
}

/** Tokens say the name and the role of a caller of the identity provider: nobody changes them here. */
export function repairParameters(parameters: Record<string, unknown>): Record<string, unknown> {
  const isOfTokens = typeof parameters.client_id === 'string' && parameters.client_id.startsWith('oidc:');
  return isOfTokens ? { ...parameters, client_id: EXISTING } : parameters;
}

/** Parameters whose rule is a grammar of its own: they send their example. */
const GRAMMARS = new Set(['q', 'tags', 'version']);

export function parametersOf(document: OpenApiDocument, all: readonly Parameter[]): Arbitrary<Record<string, unknown>> {
  // No example of a cursor holds: it comes from an earlier answer.
  const parameters = all.filter(({ name }) => name !== 'cursor');
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  const headers = /^(If-Match|If-None-Match)$/;
  return fc.record(
    Object.fromEntries(
      parameters.map(({ name, in: place, schema, example }) => [
        name,
        GRAMMARS.has(name)
          ? fc.constant(example ?? schema.example)
          : headers.test(name)
            ? fc.constantFrom('"1.1"', '*', '*', 'W/"1.1"')
            : name === 'Idempotency-Key'
              ? fc.uuid()
              : name === 'capability_id' && place === 'path'
                ? // Others may be of several Skills.
                  fc.constant(EXISTING)
                : name === 'client_id' || place === 'path'
                  ? fc.oneof({ weight: 4, arbitrary: fc.constant(EXISTING) }, valid(document, schema))
                  : valid(document, schema),
      ]),
    ),
    { requiredKeys: required },
  );
}
