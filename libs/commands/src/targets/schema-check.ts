import { BadParameterError, CapabilityUnavailableError, faultError, type JsonText } from '#common';
import { type CheckBudget, listNearValues, type SchemaValidator, TooCostlyError, validatorOf } from '#json-schema';
import { hasRules, type NestedDeclaration, toInputSchema } from '#skills';
import { addDefaults } from './defaults.js';
import type { CapableTarget, DeclaredParameter } from './target.js';

type Capability = Pick<CapableTarget['capability'], 'inputSchema' | 'parameters'>;

/** Field and words of faults in parameters. */
export const UNKNOWN_PARAMETER = 'is not a parameter of this capability';
/** The schema would decide otherwise if a number were a little larger or smaller. */
const INEXACT = 'hold a number with more digits than can be checked against the input_schema';
const WORDS = { field: 'parameters', unknown: UNKNOWN_PARAMETER };

/** Schemas of declared parameters with rules, as text. */
const declared = new WeakMap<readonly DeclaredParameter[], string | null>();

/** The schema that decides what calls take, as text; null if plain declarations do. */
export function findCallSchema({ inputSchema, parameters }: Capability): string | null {
  if (inputSchema !== null) return inputSchema;
  let text = declared.get(parameters);
  if (text === undefined) {
    const declarations = parameters.map(({ name, ...parameter }) => [name, toDeclaration(parameter)] as const);
    const isPlain = !declarations.some(([, declaration]) => hasRules(declaration));
    text = isPlain ? null : JSON.stringify(toInputSchema(Object.fromEntries(declarations)));
    declared.set(parameters, text);
  }
  return text;
}

function toDeclaration({ type, required, defaultValue, rules }: Omit<DeclaredParameter, 'name'>): NestedDeclaration {
  return {
    type,
    required,
    ...(defaultValue !== null && { default: JSON.parse(defaultValue) as unknown }),
    ...rules,
  };
}

/**
 * Checks parameters against a schema, and adds the defaults of its properties.
 * @throws BadParameterError (1001) with every fault, or if the check costs too much; CapabilityUnavailableError (2004) if the
 * schema cannot be compiled
 */
export function checkBySchema(schema: string, given: JsonText, budget: CheckBudget): JsonText {
  const validator = compile(schema, budget);
  const parameters = addDefaults(given, validator.defaults);
  try {
    const faults = validator.findFaults(parameters.value, budget, WORDS);
    if (faults.length > 0) throw faultError(faults);
    for (const near of listNearValues(parameters.text)) {
      if (validator.findFaults(near, budget, WORDS).length > 0) throw refused(INEXACT);
    }
  } catch (error) {
    if (!(error instanceof TooCostlyError)) throw error;
    throw refused('take too long to check against the input_schema');
  }
  return parameters;
}

function refused(reason: string): BadParameterError {
  return new BadParameterError([{ field: WORDS.field, reason }]);
}

function compile(schema: string, budget: CheckBudget): SchemaValidator {
  try {
    return validatorOf(schema, budget);
  } catch {
    // An import or another release stored it: registrations refuse such schemas.
    throw new CapabilityUnavailableError('The input_schema of this capability cannot be compiled');
  }
}
