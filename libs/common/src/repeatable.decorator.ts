import { getMetadataStorage, ValidateBy } from 'class-validator';
import type { Fault } from './error-catalogue.js';

const REPEATABLE = 'repeatable';

/** A parameter of a query that may be given more than once. */
export function Repeatable(): PropertyDecorator {
  return ValidateBy({ name: REPEATABLE, validator: { validate: () => true } });
}

/** The faults of a query in which other parameters are given more than once. */
export function repeatedFaults(type: new () => object, query: object): Fault[] {
  const repeated = Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? [name] : []));
  if (repeated.length === 0) return [];
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const repeatable = new Set(rules.flatMap(({ name, propertyName }) => (name === REPEATABLE ? propertyName : [])));
  const known = new Set(rules.map(({ propertyName }) => propertyName));
  return repeated
    .filter((name) => known.has(name) && !repeatable.has(name))
    .map((field) => ({ field, reason: 'must be given once' }));
}
