import fc from 'fast-check';

const SPACES = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r\n');
const NUMBERS = fc.oneof(
  fc.constantFrom('0', '-0', '-0.0', '1E2', '1e400', '-1e400', '1e-400', '1.0', '9007199254740993', '0.10', '1e+05'),
  fc.stringMatching(/^-?[1-9][0-9]{0,30}$/),
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})\.[0-9]{1,25}([eE][+-]?[0-9]{1,3})?$/),
);
const PIECES = ['a', 'é', '😀', '\u2028', ' ', '{', ']', ',', ':', '//', "'", '\u007f'];
const ESCAPES = ['\\u00e9', '\\u0041', '\\n', '\\/', '\\"', '\\\\', '\\ud83d\\ude00', '\\u0000', '\\ud800', '\\u2028'];
const TEXTS = fc.array(fc.constantFrom(...PIECES, ...ESCAPES), { maxLength: 5 }).map((parts) => `"${parts.join('')}"`);
const NAMES = fc.oneof(
  { weight: 4, arbitrary: TEXTS },
  fc.constantFrom('"constructor"', '"prototype"', '"__proto__"', '"toJSON"', '"\\u005f_proto__"', '"10"', '"2"', '""'),
);

function spaced(arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(SPACES, arbitrary, SPACES).map((parts) => parts.join(''));
}

/** JSON as any program may write it: odd numbers, spaces, escapes and names; no object has a name twice. */
const { value, object } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(NUMBERS, TEXTS, fc.constantFrom('true', 'false', 'null')),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(spaced(tie('value')), { maxLength: 4 }).map((items) => `[${items.join()}]`),
  object: fc
    .uniqueArray(fc.tuple(NAMES, spaced(tie('value'))), {
      maxLength: 4,
      selector: ([name]) => JSON.parse(name) as string,
    })
    .chain((members) => fc.tuple(SPACES, fc.constant(members)))
    .map(([space, members]) => `{${space}${members.map(([name, item]) => `${name}${space}:${item}`).join()}}`),
}));

const fits = (text: string): boolean => Buffer.byteLength(text) <= 900;

export const jsonValues = value.filter(fits);
export const jsonObjects = object.filter(fits);
