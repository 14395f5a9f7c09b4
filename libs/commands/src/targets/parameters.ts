import { type Fault, faultError, isObject } from '#common';
import type { ParameterType } from '#skills';
import { type CheckBudget, newCheckBudget } from '#json-schema';
import { checkBySchema, findCallSchema, UNKNOWN_PARAMETER } from './schema-check.js';
import type { CapableTarget, DeclaredParameter, Parameters } from './target.js';

const IS_OF_TYPE: Readonly<Record<ParameterType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  object: isObject,
  array: (value) => Array.isArray(value),
};

const ARTICLES: Readonly<Record<ParameterType, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'a boolean',
  object: 'an object',
  array: 'an array',
};

/**
 * Checks the parameters of a call against the schema of the capability, or against those that it declares, and adds
 * defaults. A capability that declares none accepts any. All checks for one call spend from one budget.
 * @throws BadParameterError (1001) with every fault, CapabilityUnavailableError (2004)
 */
export function checkParameters(
  given: Parameters,
  capability: Pick<CapableTarget['capability'], 'inputSchema' | 'parameters'>,
  budget: CheckBudget = newCheckBudget(),
): Parameters {
  const schema = findCallSchema(capability);
  return schema === null ? checkDeclared(given, capability.parameters) : checkBySchema(schema, given, budget);
}

function checkDeclared(given: Parameters, declared: readonly DeclaredParameter[]): Parameters {
  if (declared.length === 0) return given;
  const known = new Set(declared.map(({ name }) => name));
  const unknown = Object.keys(given).filter((name) => !known.has(name));
  const faults = [
    ...declared.flatMap((parameter) => checkParameter(given, parameter) ?? []),
    ...unknown.map((name) => fault(name, UNKNOWN_PARAMETER)),
  ];
  if (faults.length > 0) throw faultError(faults);
  const defaults = declared.filter(({ name, defaultValue }) => defaultValue !== null && !Object.hasOwn(given, name));
  return {
    ...Object.fromEntries(defaults.map(({ name, defaultValue }) => [name, JSON.parse(defaultValue ?? 'null')])),
    ...given,
  };
}

function checkParameter(
  given: Parameters,
  { name, type, required, defaultValue }: DeclaredParameter,
): Fault | undefined {
  if (!Object.hasOwn(given, name)) {
    return required && defaultValue === null ? fault(name, 'is required') : undefined;
  }
  return IS_OF_TYPE[type](given[name]) ? undefined : fault(name, `must be ${ARTICLES[type]}`);
}

function fault(name: string, reason: string): Fault {
  return { field: `parameters.${name}`, reason };
}
