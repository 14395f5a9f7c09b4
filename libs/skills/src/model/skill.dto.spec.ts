import { BadParameterError, faultsOf, validateBody } from '#common';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import fc from 'fast-check';
import { RegisterSkillBody, ReplaceSkillBody } from './skill.dto.js';

const OPTIONS = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
const BODIES = [RegisterSkillBody, ReplaceSkillBody];

const WHOLE = {
  skill_id: '0199D3F0-6A1C-7CC0-8F5E-3B1A4C2D9E10',
  name: 'weather-skill',
  description: '',
  version: '1.0.0',
  space_id: 'building-7',
  endpoints: [
    { url: 'http://localhost:8001', protocol: 'http', weight: 2, status: 'active', parameters: { health_path: '/h' } },
    { url: 'https://localhost' },
  ],
  capabilities: [
    {
      name: 'forecast',
      category: 'weather',
      version: '1.0.0',
      parameters: { city: { type: 'string', default: 'Bern' } },
    },
    { name: 'convert', status: 'disabled', parameters: {} },
  ],
  metadata: { region: 'eu', token: { value: 's', secret: true } },
};

/** Every place of a value, as a list of keys. */
function placesOf(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, item]) => placesOf(item).map((place) => [key, ...place]))];
}

function changed(value: unknown, [key, ...rest]: (string | number)[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (String(index) === key ? changed(item, rest, to) : item));
  const entries = Object.entries(value as object).filter(
    ([name]) => to !== undefined || rest.length > 0 || name !== key,
  );
  return Object.fromEntries(entries.map(([name, item]) => [name, name === key ? changed(item, rest, to) : item]));
}

/** Where a list stands for an item, class-validator goes on inside of it; that it is no object says enough. */
function isInListOfLists(body: object, field: string): boolean {
  let value: unknown = body;
  for (const name of field.split('.')) {
    const inner: unknown = (value as Record<string, unknown>)[name];
    if (Array.isArray(value) && Array.isArray(inner)) return true;
    if (typeof inner !== 'object' || inner === null) return false;
    value = inner;
  }
  return false;
}

/** Names that every object has: class-transformer drops such fields, which are unknown fields here (bad-input.spec). */
const INHERITED = new RegExp(`"(${Object.getOwnPropertyNames(Object.prototype).join('|')})"`);

const values = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    undefined,
    null,
    '',
    'http',
    'ws://localhost:1',
    'disabled',
    'eu',
    0,
    3,
    true,
    [],
    {},
  ),
  fc.jsonValue({ maxDepth: 2 }).filter((value) => !INHERITED.test(JSON.stringify(value))),
);

describe('bodies of Skills', () => {
  it.each(BODIES)('are taken and refused as class-validator does, with the same faults: %p', async (type) => {
    const changes = fc.array(fc.tuple(fc.constantFrom(...placesOf(WHOLE)), values), { maxLength: 2 });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(changes, async (changes) => {
        let body: unknown = type === RegisterSkillBody ? WHOLE : { ...WHOLE, skill_id: undefined };
        for (const [place, to] of changes) body = isThere(body, place) ? changed(body, place, to) : body;
        const { body: json } = JSON.parse(JSON.stringify({ body })) as { body?: unknown };
        if (typeof json !== 'object' || json === null || Array.isArray(json)) return;
        const expected = plainToInstance<object, unknown>(type, structuredClone(json));
        const faults = faultsOf(await validate(expected, OPTIONS)).filter(({ field }) => !isInListOfLists(json, field));
        if (faults.length === 0) {
          taken += 1;
          expect(await validateBody<object>(type, json)).toStrictEqual(expected);
          return;
        }
        const error: unknown = await validateBody<object>(type, json).catch((refusal: unknown) => refusal);
        expect(error).toBeInstanceOf(BadParameterError);
        expect((error as BadParameterError).details).toEqual(faults.slice(0, 100));
      }),
      { numRuns: 500 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('are refused for the default of a parameter that is too long without writing it', async () => {
    const bodyWith = (items: number): { body: object; written: () => number } => {
      let count = 0;
      const list = Array.from({ length: items }, () => 1);
      // Not enumerable, so that it is no part of the data.
      Object.defineProperty(list, 'toJSON', { value: () => ((count += 1), [...list]) });
      const parameters = { numbers: { type: 'array', default: list } };
      const body = {
        name: 'a',
        version: '1.0.0',
        endpoints: [{ url: 'http://a' }],
        capabilities: [{ name: 'c', parameters }],
      };
      return { body, written: () => count };
    };
    const within = bodyWith(250);
    await expect(validateBody(RegisterSkillBody, within.body)).resolves.toBeDefined();
    expect(within.written()).toBeGreaterThan(0);
    const beyond = bodyWith(50_000);
    const details = [
      { field: 'capabilities.0.parameters', reason: 'numbers.default must have at most 512 characters' },
    ];
    await expect(validateBody(RegisterSkillBody, beyond.body)).rejects.toMatchObject({ details });
    expect(beyond.written()).toBe(0);
  });
});

function isThere(value: unknown, place: readonly (string | number)[]): boolean {
  let at = value;
  return place.every((key) => {
    if (typeof at !== 'object' || at === null || !(key in at)) return false;
    at = (at as Record<string, unknown>)[key];
    return true;
  });
}
