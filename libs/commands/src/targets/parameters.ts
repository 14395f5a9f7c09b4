import { type Fault, faultError, isObject, JsonText } from '#common';
import type { ParameterType } from '#skills';
import { type CheckBudget, newCheckBudget } from '#json-schema';
import { checkBySchema, findCallSchema, UNKNOWN_PARAMETER } from './schema-check.js';
import { addDefaults } from './defaults.js';
import type { CapableTarget, DeclaredParameter } from './target.js';

const IS_OF_TYPE: Readonly<Record<ParameterType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
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
 * defaults. What is given stays as it is written. A capability that declares none accepts any. All checks for one call spend
 * from one budget.
 * @throws BadParameterError (1001) with every fault, CapabilityUnavailableError (2004)
 */
export function checkParameters(
  given: JsonText,
  capability: Pick<CapableTarget['capability'], 'inputSchema' | 'parameters'>,
  budget: CheckBudget = newCheckBudget(),
): JsonText {
  const schema = findCallSchema(capability);
  return schema === null ? checkDeclared(given, capability.parameters) : checkBySchema(schema, given, budget);
}

function checkDeclared(given: JsonText, declared: readonly DeclaredParameter[]): JsonText {
  if (declared.length === 0) return given;
  const values = given.value as object;
  const known = new Set(declared.map(({ name }) => name));
  const unknown = Object.keys(values).filter((name) => !known.has(name));
  const faults = [
    ...declared.flatMap((parameter) => checkParameter(values, parameter) ?? []),
    ...unknown.map((name) => fault(name, UNKNOWN_PARAMETER)),
  ];
  if (faults.length > 0) throw faultError(faults);
  return addDefaults(
    given,
    declared.flatMap(({ name, defaultValue }) => (defaultValue === null ? [] : [[name, defaultValue] as const])),
  );
}

function checkParameter(given: object, { name, type, required, defaultValue }: DeclaredParameter): Fault | undefined {
  if (!Object.hasOwn(given, name)) {
    return required && defaultValue === null ? fault(name, 'is required') : undefined;
  }
  return IS_OF_TYPE[type]((given as Record<string, unknown>)[name])
    ? undefined
    : fault(name, `must be ${ARTICLES[type]}`);
}

function fault(name: string, reason: string): Fault {
  return { field: `parameters.${name}`, reason };
}
