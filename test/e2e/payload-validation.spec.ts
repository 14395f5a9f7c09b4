import type { Type } from '@nestjs/common';
import { CompiledValidator, createValidationPipe } from '#common';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { bodyClassesOf, fieldsOf, itemClassesOf } from './body-classes.js';
import { counted } from './counted-steps.js';

describe('payload validation', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  }, 300_000);
  afterAll(() => app.close());

  /** These check their bodies themselves, in one pass. */
  const CHECKED_BY_THEMSELVES = [
    'ChannelsController.putContext',
    'SkillsController.patch',
    'TokenController.token',
    'TokenStatusController.introspect',
    'TokenStatusController.revoke',
  ];

  it('compiles the class of every body', () => {
    const known = new Set<Type<object>>();
    const others = new Set<string>();
    for (const { route, type } of bodyClassesOf(app.app)) {
      if (CompiledValidator.of(type)) known.add(type);
      else others.add(route);
    }
    expect(known.size).toBeGreaterThan(20);
    expect([...others].sort()).toEqual(CHECKED_BY_THEMSELVES);
  });

  describe('of payloads of any size', () => {
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

    /**
     * Each field of a class alone holds each of these values, also in nested objects; and some fields are unknown. Together, a
     * field whose list is too long would keep the others from being checked.
     */
    function shapesOf(type: Type<object>): Record<string, (size: number) => object> {
      const shapes: Record<string, (size: number) => object> = { 'unknown fields': (size) => map(size, 1) };
      for (const field of fieldsOf(type))
        for (const [name, valueOf] of Object.entries(VALUES))
          shapes[`${field}: ${name}`] = (size) => ({ [field]: valueOf(size) });
      for (const [field, item] of itemClassesOf(type))
        for (const [name, shape] of Object.entries(shapesOf(item)))
          shapes[`${field}.${name}`] = (size) => ({ [field]: [shape(size), ...list(4, shape(10))] });
      return shapes;
    }

    const pipe = createValidationPipe();
    async function stepsFor(type: Type<object>, value: object): Promise<number> {
      const body = counted(value);
      await pipe.transform(body.value, { type: 'body', metatype: type }).catch(() => undefined);
      return body.steps();
    }

    it('takes steps that grow with the payload up to its limits, and not beyond', async () => {
      const types = new Set(
        bodyClassesOf(app.app)
          .map(({ type }) => type)
          .filter((type) => CompiledValidator.of(type)),
      );
      const tooMany: string[] = [];
      const open = new Set<Type<object>>();
      for (const type of types) {
        for (const [name, shape] of Object.entries(shapesOf(type))) {
          const [small, large] = [await stepsFor(type, shape(100)), await stepsFor(type, shape(400))];
          if (large > 4.2 * small + 5_000) tooMany.push(`${type.name} ${name}: ${small}, ${large}`);
          // Only objects with free keys grow; one shape per class is enough.
          if (large <= 1.1 * small + 1_000 || open.has(type)) continue;
          open.add(type);
          const [beyond, farBeyond] = [await stepsFor(type, shape(110_000)), await stepsFor(type, shape(150_000))];
          if (farBeyond > 1.1 * beyond) tooMany.push(`${type.name} ${name} beyond its limits: ${beyond}, ${farBeyond}`);
        }
      }
      expect(tooMany).toEqual([]);
      expect([...open].map(({ name }) => name)).toContain('BatchCommandsBody');
    }, 300_000);
  });
});
