import { hasMoreValues, isObject, joinedReasons, jsonSizeFault, jsonValueFault } from '#common';
import { SHAPES } from './keywords.js';
import { PatternsCheck } from './linear-pattern.js';
import { resolveReferences } from './references.js';
import { type JsonSchema, readTree, reasonAt, type SchemaTree, type Subschema } from './schema-tree.js';

/** Bytes of a schema as JSON. */
const MAX_SCHEMA_BYTES = 64 * 1024;
/** Levels of objects and lists. */
const MAX_SCHEMA_LEVELS = 32;
const BOUNDS = { levels: MAX_SCHEMA_LEVELS, values: MAX_SCHEMA_BYTES, keys: MAX_SCHEMA_BYTES };

const DIALECT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;
/** They depend on how a schema was reached, and have no use within one document. */
const REFUSED = ['$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor'];

/** Why a value is no JSON Schema (2020-12) that is safe to use, with the place of each fault; undefined if it is one. */
export function schemaFault(schema: unknown): string | undefined {
  return joinedReasons(schemaReasons(schema));
}

function* schemaReasons(schema: unknown): Generator<string> {
  if (!isObject(schema)) {
    yield 'must be an object: a JSON Schema';
    return;
  }
  // Each value takes two bytes: this finds what is far too large without serializing it.
  const json = hasMoreValues(schema, MAX_SCHEMA_BYTES / 2) ? undefined : Buffer.from(JSON.stringify(schema));
  if (json === undefined || json.length > MAX_SCHEMA_BYTES) {
    yield `must have at most ${MAX_SCHEMA_BYTES} bytes as JSON`;
    return;
  }
  const fault = jsonSizeFault(json, BOUNDS) ?? jsonValueFault(schema);
  if (fault !== undefined) {
    yield fault;
    return;
  }
  const tree = readTree(schema);
  let isRight = true;
  for (const reason of [...tree.faults, ...shapeReasons(tree)]) {
    isRight = false;
    yield reason;
  }
  // References of a schema with other faults may have targets that are missing for their sake.
  if (isRight) for (const reason of resolveReferences(tree)) yield reason;
}

/** @throws Error if the schema has a fault */
export function readSchema(schema: JsonSchema): SchemaTree {
  const fault = schemaFault(schema);
  if (fault !== undefined) throw new Error(fault);
  const tree = readTree(schema);
  resolveReferences(tree);
  return tree;
}

function* shapeReasons({ nodes, root }: SchemaTree): Generator<string> {
  const patterns = new PatternsCheck();
  for (const node of nodes.values()) {
    const { schema, place } = node;
    if (typeof schema === 'boolean') continue;
    yield* identityReasons(node, node === root);
    for (const keyword in schema) {
      const fault = Object.hasOwn(SHAPES, keyword) ? SHAPES[keyword]?.(schema[keyword]) : undefined;
      if (fault !== undefined) yield reasonAt(`${place}/${keyword}`, fault);
      else if (keyword === 'pattern') yield* patternReasons(patterns, `${place}/pattern`, schema.pattern as string);
      else if (keyword === 'patternProperties' && isObject(schema.patternProperties)) {
        for (const pattern in schema.patternProperties) {
          yield* patternReasons(patterns, `${place}/patternProperties/${pattern}`, pattern);
        }
      }
    }
  }
}

function* identityReasons({ schema, place }: Subschema, isRoot: boolean): Generator<string> {
  const { $schema, $id } = schema as JsonSchema;
  if ($schema !== undefined && !(typeof $schema === 'string' && DIALECT.test($schema))) {
    yield reasonAt(`${place}/$schema`, 'must be https://json-schema.org/draft/2020-12/schema');
  }
  if ($id !== undefined && (!isRoot || typeof $id !== 'string')) {
    yield reasonAt(`${place}/$id`, isRoot ? 'must be a string' : 'must not change the base of references');
  }
  for (const keyword of REFUSED) {
    if (Object.hasOwn(schema as JsonSchema, keyword))
      yield reasonAt(`${place}/${keyword}`, 'is not supported: use $ref');
  }
}

function* patternReasons(patterns: PatternsCheck, place: string, pattern: string): Generator<string> {
  const fault = patterns.faultOf(pattern);
  if (fault !== undefined) yield reasonAt(place, fault);
}
