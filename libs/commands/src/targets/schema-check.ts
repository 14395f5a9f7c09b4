import { BadParameterError, CapabilityUnavailableError, faultError } from '#common';
import { type CheckBudget, type SchemaValidator, TooCostlyError, validatorOf } from '#json-schema';
import { hasRules, type NestedDeclaration, toInputSchema } from '#skills';
import type { CapableTarget, DeclaredParameter, Parameters } from './target.js';

type Capability = Pick<CapableTarget['capability'], 'inputSchema' | 'parameters'>;

/** Field and words of faults in parameters. */
export const UNKNOWN_PARAMETER = 'is not a parameter of this capability';
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
export function checkBySchema(schema: string, given: Parameters, budget: CheckBudget): Parameters {
  const validator = compile(schema, budget);
  const missing = validator.defaults.filter(([name]) => !Object.hasOwn(given, name));
  const parameters = missing.length > 0 ? { ...Object.fromEntries(missing), ...given } : given;
  try {
    const faults = validator.findFaults(parameters, budget, WORDS);
    if (faults.length > 0) throw faultError(faults);
  } catch (error) {
    if (!(error instanceof TooCostlyError)) throw error;
    throw new BadParameterError([{ field: 'parameters', reason: 'take too long to check against the input_schema' }]);
  }
  return parameters;
}

function compile(schema: string, budget: CheckBudget): SchemaValidator {
  try {
    return validatorOf(schema, budget);
  } catch {
    // An import or another release stored it: registrations refuse such schemas.
    throw new CapabilityUnavailableError('The input_schema of this capability cannot be compiled');
  }
}
