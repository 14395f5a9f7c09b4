import { canonicalJson, type Fault } from '#common';
import { _, Ajv2020, Name, type CodeKeywordDefinition, type FuncKeywordDefinition } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { type CheckBudget, spend, spending, spendOn, TooCostlyError } from './budget.js';
import { type FaultWords, toFaults } from './fault-words.js';
import { COST, flattenSchema } from './flat-schema.js';
import { FORMATS } from './keywords.js';
import { LinearPattern } from './linear-pattern.js';
import { readSchema } from './schema-check.js';
import type { JsonSchema } from './schema-tree.js';

/** Keywords that read every key of an object. */
const LOOPING = [
  'additionalProperties',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
  'minProperties',
  'maxProperties',
];

/** Ajv's name of the number of errors so far, in the code that it makes. */
const ERRORS = new Name('errors');

const cost: CodeKeywordDefinition = {
  keyword: COST,
  code({ gen, data, schema, parentSchema }) {
    const spendOnIt = gen.scopeValue('func', { ref: spendOn });
    const loops = LOOPING.some((keyword) => keyword in parentSchema);
    gen.code(_`${spendOnIt}(${Number(schema)}, ${data}, ${ERRORS}, ${loops})`);
  },
};

/** Ajv's own compares every item with every other. */
const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  validate: (isOn: boolean, items: unknown[]) => {
    if (!isOn) return true;
    const seen = new Set<string>();
    for (const item of items) {
      seen.add(spentOnText(item));
    }
    return seen.size === items.length;
  },
};

/** Ajv's own compares the value with every one of the list. */
const enumeration: FuncKeywordDefinition = {
  keyword: 'enum',
  schemaType: 'array',
  errors: false,
  compile: (values: unknown[]) => {
    const texts = new Set(values.map(canonicalJson));
    return (value: unknown) => texts.has(spentOnText(value));
  },
};

function spentOnText(value: unknown): string {
  const text = canonicalJson(value);
  spend(2 + text.length / 4);
  return text;
}

const formats = Object.fromEntries(FORMATS.map((name) => [name, fullFormats[name]]));

/** A compiled schema. */
export class SchemaValidator {
  /** The defaults of the properties at the top, as JSON. */
  readonly defaults: readonly (readonly [name: string, json: string])[];
  /** Schemas in it: the memory that it takes grows with them. */
  readonly size: number;
  private readonly validate: ReturnType<Ajv2020['compile']>;

  /**
   * Takes some 0.1 ms for each schema in it. One Ajv for each schema: an Ajv keeps what it has compiled forever.
   * @throws Error if the schema is not valid, or Ajv cannot compile it
   */
  constructor(schema: JsonSchema) {
    const tree = readSchema(schema);
    const ajv = new Ajv2020({
      strict: false,
      // `1e400` is a number, though no double.
      strictNumbers: false,
      meta: false,
      validateSchema: false,
      addUsedSchema: false,
      allErrors: true,
      messages: false,
      verbose: true,
      ownProperties: true,
      inlineRefs: false,
      multipleOfPrecision: 9,
      logger: false,
      formats,
      code: { optimize: false, regExp: Object.assign((pattern: string) => LinearPattern.of(pattern), { code: '' }) },
    });
    for (const own of [uniqueItems, enumeration]) ajv.removeKeyword(String(own.keyword)).addKeyword(own);
    ajv.addKeyword(cost);
    this.validate = ajv.compile(flattenSchema(tree));
    this.size = tree.nodes.size;
    this.defaults = tree.root.children.flatMap(({ keyword, key, node: { schema: property } }) =>
      keyword === 'properties' && typeof property === 'object' && Object.hasOwn(property, 'default')
        ? [[String(key), JSON.stringify(property.default)] as const]
        : [],
    );
  }

  /** Returns what is wrong with a value. It does not change it. @throws TooCostlyError */
  findFaults(value: unknown, budget: CheckBudget, words: FaultWords): Fault[] {
    if (spending(budget, () => this.run(value))) return [];
    return toFaults(this.validate.errors ?? [], words);
  }

  private run(value: unknown): boolean {
    try {
      return this.validate(value) === true;
    } catch (error) {
      // A chain of references deeper than the stack.
      if (error instanceof RangeError) throw new TooCostlyError();
      throw error;
    }
  }
}
