import type { Fault } from '#common';
import type { ErrorObject } from 'ajv';

/** How faults are named. */
export interface FaultWords {
  /** The field of the value as a whole, such as `parameters`. */
  field: string;
  /** The reason for a property at the top that the schema does not know. */
  unknown: string;
}

const ARTICLES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'a boolean',
  object: 'an object',
  array: 'an array',
  null: 'null',
};

/** Characters of values and patterns in a reason. */
const MAX_SHOWN = 200;
/** Their own errors say more, or their alternatives' errors less. */
const SILENT = new Set(['if', '$ref', 'allOf']);
const ABOUT_KIND = new Set(['type', 'const', 'enum']);

/** The errors of Ajv in the words of this service, each once. */
export function toFaults(errors: readonly ErrorObject[], words: FaultWords): Fault[] {
  const unions = new Set(
    errors.flatMap(({ keyword, instancePath }) => (keyword === 'anyOf' || keyword === 'oneOf' ? [instancePath] : [])),
  );
  const faults = new Map<string, Fault>();
  for (const error of errors) {
    const { keyword, instancePath, schemaPath, propertyName } = error;
    if (SILENT.has(keyword) || propertyName !== undefined || schemaPath.includes('/contains/')) continue;
    // What one alternative asks for is not what the value must be.
    if (ABOUT_KIND.has(keyword) && unions.has(instancePath)) continue;
    const fault = toFault(error, words);
    faults.set(`${fault.field} ${fault.reason}`, fault);
  }
  return faults.size > 0 ? [...faults.values()] : [{ field: words.field, reason: 'does not fit the schema' }];
}

function toFault(error: ErrorObject, { field, unknown }: FaultWords): Fault {
  const params = error.params as Record<string, unknown>;
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const at = (...names: unknown[]): string => [field, ...path, ...names].join('.');
  switch (error.keyword) {
    case 'required':
      return { field: at(params.missingProperty), reason: 'is required' };
    case 'dependentRequired':
      return { field: at(params.missingProperty), reason: `is required with ${shown(params.property)}` };
    case 'additionalProperties':
      return { field: at(params.additionalProperty), reason: path.length === 0 ? unknown : 'is unknown' };
    case 'unevaluatedProperties':
      return { field: at(params.unevaluatedProperty), reason: path.length === 0 ? unknown : 'is unknown' };
    case 'propertyNames':
      return { field: at(params.propertyName), reason: 'has a name that is not allowed' };
    default:
      return { field: at(), reason: toReason(error, params) };
  }
}

function toReason({ keyword, schema }: ErrorObject, params: Record<string, unknown>): string {
  const limit = String(params.limit);
  switch (keyword) {
    case 'type':
      return `must be ${[params.type].flat().map(toArticle).join(' or ')}`;
    case 'enum':
      return `must be one of ${shownList(schema)}`;
    case 'const':
      return `must be ${shown(params.allowedValue)}`;
    case 'minimum':
      return `must not be under ${limit}`;
    case 'maximum':
      return `must not be over ${limit}`;
    case 'exclusiveMinimum':
      return `must be over ${limit}`;
    case 'exclusiveMaximum':
      return `must be under ${limit}`;
    case 'multipleOf':
      return `must be a multiple of ${String(params.multipleOf)}`;
    case 'minLength':
      return `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'pattern':
      return `must match ${shown(params.pattern)}`;
    case 'format':
      return `must have the format ${String(params.format)}`;
    case 'minItems':
      return `must have at least ${limit} items`;
    case 'maxItems':
    case 'items':
      return `must have at most ${limit} items`;
    case 'unevaluatedItems':
      return `must have at most ${String(params.len)} items`;
    case 'uniqueItems':
      return 'must not repeat an item';
    case 'contains':
      return `must have ${rangeOf(params)} items that fit`;
    case 'minProperties':
      return `must have at least ${limit} entries`;
    case 'maxProperties':
      return `must have at most ${limit} entries`;
    case 'anyOf':
      return 'must fit one of the alternatives';
    case 'oneOf':
      return 'must fit exactly one of the alternatives';
    case 'not':
      return 'must not be what the schema excludes';
    case 'false schema':
      return 'is not allowed';
    default:
      return `must fit the schema (${keyword})`;
  }
}

function rangeOf({ minContains, maxContains }: Record<string, unknown>): string {
  const least = `at least ${String(minContains)}`;
  return typeof maxContains === 'number' ? `${least} and at most ${maxContains}` : least;
}

function toArticle(type: unknown): string {
  return ARTICLES[String(type)] ?? String(type);
}

function shownList(values: unknown): string {
  return cut((values as unknown[]).map((value) => JSON.stringify(value)).join(', '));
}

function shown(value: unknown): string {
  return cut(typeof value === 'string' ? value : JSON.stringify(value));
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN).toWellFormed()}…` : text;
}
