import { PartialType } from '@nestjs/swagger';
import { Expose, plainToInstance } from 'class-transformer';
import { IsOptional, validate, ValidateBy, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { CompiledValidator } from './compiled-validator.js';
import type { Fault } from './error-catalogue.js';
import { FaultList } from './fault-list.js';
import { BooleanField, EnumListField, IdentifierField, IdentifierListField } from './identifier.decorators.js';
import {
  EnumField,
  IntegerField,
  ListField,
  NumberField,
  SemverField,
  TextField,
  UuidField,
} from './field.decorators.js';
import { isObject } from './is-object.js';
import { TextMapField } from './text-map.decorator.js';
import { TimeField } from './time.decorator.js';
import { faultsOf } from './validation.pipe.js';

const OPTIONS = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };

class Part {
  @TextField({ max: 3 })
  name: string;

  @EnumField(['a', 'b'], { name: 'Kind', required: false })
  kind?: string;
}

class Base {
  @UuidField()
  id: string;
}

class Whole extends Base {
  @IntegerField({ min: 1, max: 5, required: false, query: true })
  count: number = 2;

  @NumberField({ min: 0, max: 1, required: false })
  share?: number;

  @SemverField({ required: false })
  version?: string;

  @BooleanField({ required: false })
  flag?: boolean;

  @IdentifierField({ required: false })
  space?: string;

  @IdentifierListField({ max: 2, required: false, nullable: true })
  spaces?: string[] | null;

  @EnumListField(['x', 'y'], { name: 'Marks', required: false })
  marks?: string[];

  @TimeField({ required: false })
  at?: string;

  @ValidateBy({
    name: 'isJson',
    validator: {
      validate: (value) => value === undefined || isObject(value),
      defaultMessage: () => 'must be an object',
    },
  })
  anything?: Record<string, unknown>;

  @TextMapField({ maxKey: 2, maxValue: 2, maxEntries: 2, required: false })
  map?: Record<string, string>;

  @ListField(() => Part, { min: 0, max: 2, required: false })
  parts?: Part[];
}

/** All fields, each sometimes left out, sometimes right, sometimes near it. */
const wholes = (() => {
  const part = fc.oneof(
    { weight: 8, arbitrary: fc.record({ name: fc.string({ minLength: 1, maxLength: 3 }) }) },
    fc.record({ name: fc.string({ maxLength: 4 }), kind: fc.constantFrom('a', 'c', null) }, { requiredKeys: [] }),
    fc.anything(),
  );
  const some = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 30, arbitrary }, fc.anything({ withNullPrototype: true, withDate: true, withSet: true }));
  const fields = {
    id: some(fc.uuid().map((id) => (id < '8' ? id.toUpperCase() : id))),
    count: some(fc.constantFrom(1, '3', 5, undefined)),
    share: some(fc.double({ min: 0, max: 1, noNaN: true })),
    version: some(fc.constant('1.2.3')),
    flag: some(fc.boolean()),
    space: some(fc.constantFrom('a', 'b-c')),
    spaces: some(fc.constantFrom(['a'], ['a', 'b'], null, ['a', 'a'])),
    marks: some(fc.constantFrom(['x'], ['y', 'x'], [])),
    at: some(fc.constant('2026-01-18T00:00:00Z')),
    anything: some(fc.dictionary(fc.string(), fc.jsonValue())),
    map: some(fc.dictionary(fc.string({ minLength: 1, maxLength: 2 }), fc.string({ maxLength: 2 }), { maxKeys: 2 })),
    parts: some(fc.array(part, { maxLength: 2 })),
    ['constructor']: fc.anything(),
    unknown: fc.anything(),
  };
  const known = Object.keys(fields).filter((key) => key !== 'unknown' && key !== 'constructor');
  const keys = fc.tuple(fc.subarray(known), fc.constantFrom([], [], [], [], ['unknown'], ['constructor']));
  return keys.chain(([chosen, more]) =>
    fc.record(Object.fromEntries(Object.entries(fields).filter(([key]) => ['id', ...chosen, ...more].includes(key)))),
  );
})();

async function atLength(type: new () => object, value: unknown): Promise<object | undefined> {
  const instance = plainToInstance(type, structuredClone(value));
  return (await validate(instance, OPTIONS)).length === 0 ? instance : undefined;
}

const RESERVED = Object.getOwnPropertyNames(Object.prototype);

function hasReservedKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => RESERVED.includes(key) || hasReservedKey(item));
}

function explainedBy(validator: CompiledValidator<object> | undefined, value: unknown): readonly Fault[] {
  const faults = new FaultList();
  validator?.explain(value, faults);
  return faults.toError().details;
}

/** If a list has too many items, this is its only fault, and lists within it are not checked. */
function isOfWrongSize({ parts, spaces, marks }: Record<string, unknown>): boolean {
  return [parts, spaces, marks].some((list) => Array.isArray(list) && (list.length > 2 || list.some(Array.isArray)));
}

describe('CompiledValidator', () => {
  it('accepts nothing that class-validator refuses, and makes the same of the rest', async () => {
    const validator = CompiledValidator.of(Whole);
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(wholes, async (value) => {
        // A key named "constructor" has class-transformer call it.
        const expected = await atLength(Whole, value).catch(() => undefined);
        const actual = validator?.accept(value);
        // class-transformer leaves out keys that every object has.
        if (!actual || hasReservedKey(value)) return;
        accepted += 1;
        expect(actual).toStrictEqual(expected);
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  it('accepts all that is JSON and right', async () => {
    await fc.assert(
      fc.asyncProperty(wholes, async (value) => {
        const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? 0 : item));
        const json = JSON.parse(text) as unknown;
        const expected = await atLength(Whole, json).catch(() => undefined);
        fc.pre(expected !== undefined && !RESERVED.some((name) => text.includes(name)));
        expect(CompiledValidator.of(Whole)?.accept(json)).toStrictEqual(expected);
      }),
      { numRuns: 300, examples: [[{ id: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10', anything: { prototype: [] } }]] },
    );
  });

  it('explains in the words of class-validator', async () => {
    const validator = CompiledValidator.of(Whole);
    let explained = 0;
    await fc.assert(
      fc.asyncProperty(wholes, async (value) => {
        const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? 0 : item));
        const json = JSON.parse(text) as Record<string, unknown>;
        fc.pre(!RESERVED.some((name) => text.includes(name)) && !isOfWrongSize(json));
        const expected = faultsOf(await validate(plainToInstance(Whole, structuredClone(json)), OPTIONS));
        expect(explainedBy(validator, json)).toEqual(expected);
        explained += expected.length;
      }),
      { numRuns: 1000, examples: [[{ id: '', parts: [null, {}, { name: 1, more: 2 }, []], spaces: [1] }]] },
    );
    expect(explained).toBeGreaterThan(500);
  });

  it('looks at the size of a list before its items, and at nothing else where there is too much', () => {
    const parts = new Array(3).fill({ name: 'too long' });
    expect(explainedBy(CompiledValidator.of(Whole), { id: 7, parts })).toEqual([
      { field: 'parts', reason: 'must have at most 2 items' },
    ]);
  });

  it('tells a hundred faults, and that there are more', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
    expect(explainedBy(CompiledValidator.of(Part), { name: 'n', ...many(100) })).toHaveLength(100);
    const told = explainedBy(CompiledValidator.of(Part), { name: 'n', ...many(101) });
    expect(told.slice(99)).toEqual([
      { field: 'k99', reason: 'is unknown' },
      { field: 'body', reason: 'has more faults than these 100' },
    ]);
  });

  it('accepts any JSON as little as class-validator does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        if (CompiledValidator.of(Part)?.accept(value)) expect(await atLength(Part, value)).toBeDefined();
      }),
    );
  });

  it('makes an object of the class, with its defaults, and of nested ones', () => {
    const id = '0199D3F0-6A1C-7CC0-8F5E-3B1A4C2D9E10';
    const whole = CompiledValidator.of(Whole)?.accept({ id, parts: [{ name: 'n' }] });
    expect(whole).toBeInstanceOf(Whole);
    expect(whole).toMatchObject({ id: id.toLowerCase(), count: 2 });
    expect(whole?.parts?.[0]).toBeInstanceOf(Part);
  });

  it('knows classes that are made of others', () => {
    class Patch extends PartialType(Part) {}
    expect(CompiledValidator.of(Patch)?.accept({})).toBeInstanceOf(Patch);
    expect(CompiledValidator.of(Patch)?.accept({ name: 'long' })).toBeUndefined();
  });

  it.each([null, [], 'text', new Date(), new Part(), Object.create({ name: 'n' })])('leaves %p to others', (value) => {
    expect(CompiledValidator.of(Part)?.accept(value)).toBeUndefined();
  });

  it('reads objects with no prototype, or an empty one', () => {
    for (const prototype of [null, Object.create(null) as object]) {
      const value = Object.assign(Object.create(prototype) as object, { name: 'n' });
      expect(CompiledValidator.of(Part)?.accept(value)).toEqual({ name: 'n' });
    }
  });

  it('leaves classes to others that say more than it knows', () => {
    class Nothing {}
    class Renamed {
      @Expose({ name: 'other' })
      @TextField({ max: 3 })
      name: string;
    }
    class Untyped {
      @ValidateNested()
      part: Part;
    }
    class Method {
      @IsOptional()
      name(): string {
        return '';
      }
    }
    for (const type of [Nothing, Renamed, Untyped, Method]) expect(CompiledValidator.of(type)).toBeUndefined();
  });
});
