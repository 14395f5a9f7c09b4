import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type CheckBudget, TooCostlyError } from './budget.js';
import { schemaFault } from './schema-check.js';
import type { JsonSchema } from './schema-tree.js';
import { SchemaValidator } from './schema-validator.js';

/** Schemas in all compiled schemas that are kept; each takes about 2 KB. */
const MAX_KEPT = 20_000;
/** Schemas that are known to compile, by their SHA-256. */
const MAX_PROVEN = 20_000;

/** What compilation costs: the largest schema takes most of a budget. */
const UNITS_PER_CHARACTER = 7;

/** By the text of the schema. */
const validators = new LRUCache<string, SchemaValidator>({
  maxSize: MAX_KEPT,
  sizeCalculation: ({ size }, text) => 10 + size + Math.ceil(text.length / 2_000),
});
const proven = new LRUCache<string, true>({ max: MAX_PROVEN });

/**
 * Compiles a schema, or returns what was compiled of an equal text before.
 * @throws Error as `SchemaValidator`, TooCostlyError
 */
export function validatorOf(text: string, budget: CheckBudget): SchemaValidator {
  let validator = validators.get(text);
  if (validator === undefined) {
    if (budget.paysCompilation) budget.left -= text.length * UNITS_PER_CHARACTER;
    if (budget.left < 0) throw new TooCostlyError();
    validator = new SchemaValidator(JSON.parse(text) as JsonSchema);
    validators.set(text, validator);
  }
  return validator;
}

/** Whether a schema has been compiled before, here or for a registration. */
export function isProven(schema: JsonSchema): boolean {
  return proven.has(digest(schema));
}

/** Compiles a schema and forgets it. Returns why it cannot be compiled, or undefined, also for a schema with a `schemaFault`. */
export function compileFault(schema: JsonSchema): string | undefined {
  if (schemaFault(schema) !== undefined) return undefined;
  try {
    new SchemaValidator(schema);
  } catch (error) {
    return `cannot be compiled: ${(error as Error).message.slice(0, 200).toWellFormed()}`;
  }
  proven.set(digest(schema), true);
  return undefined;
}

function digest(schema: JsonSchema): string {
  return hash('sha256', JSON.stringify(schema), 'base64');
}
