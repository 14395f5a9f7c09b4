import fc from 'fast-check';
import { readBatch } from './json-batch.js';

function read(text: string): { value: unknown } | { fault: string } {
  try {
    const steps = readBatch(Buffer.from(text), 'skills');
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    return { value: step.value };
  } catch (error) {
    return { fault: JSON.stringify(error) };
  }
}

function whole(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

const NAMES = ['skills', 'x"skills', 'skills"', '\\skills', 'a'];
const key = fc.constantFrom(...NAMES);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(0, null, true, '', ',', '[', ']', '"', '\\', '{"skills":['),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;
const batch = fc
  .tuple(
    fc.array(json, { maxLength: 5 }),
    fc.dictionary(key, json, { maxKeys: 2, noNullPrototype: true }),
    fc.boolean(),
  )
  .map(([skills, rest, isFirst]) => (isFirst ? { skills, ...rest } : { ...rest, skills }));

describe('a batch that is read item by item', () => {
  it('is what JSON.parse makes of it, whatever the white space', () => {
    fc.assert(
      fc.property(fc.oneof(batch, json), fc.constantFrom(undefined, 1, '\t', ' \n'), (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        expect(read(text)).toEqual(whole(text));
      }),
      { numRuns: 500 },
    );
  });

  it('is no JSON where JSON.parse finds none', () => {
    const mutation = fc.tuple(fc.nat(), fc.constantFrom('', ',', '[', ']', '{', '}', '"', ':', ' ', '0'), fc.nat(2));
    fc.assert(
      fc.property(batch, mutation, (value, [at, text, length]) => {
        const good = JSON.stringify(value);
        const from = at % (good.length + 1);
        const changed = good.slice(0, from) + text + good.slice(from + length);
        const expected = whole(changed);
        const found = read(changed);
        // With a quote less, a name may stand there twice.
        if ('fault' in found && found.fault.includes('twice')) return;
        expect(found).toEqual(expected ?? { fault: expect.stringContaining('is not valid JSON') });
      }),
      { numRuns: 2_000 },
    );
  });

  it('has its list once', () => {
    for (const text of ['{"skills":[1],"skills":[2]}', '{"skills":[1],"skills":true}']) {
      expect(read(text)).toEqual({ fault: expect.stringContaining('twice') });
    }
  });

  it('gives others their turn: its steps grow with its items', () => {
    const steps = (items: number): number => {
      const item = `{${Array.from({ length: 10_000 }, (_, index) => `"k${index}":0`).join()}}`;
      const reading = readBatch(Buffer.from(`{"skills":[${new Array(items).fill(item).join()}]}`), 'skills');
      let count = 0;
      while (reading.next().done !== true) count += 1;
      return count;
    };
    expect(steps(40)).toBeGreaterThan(steps(1));
  });
});
