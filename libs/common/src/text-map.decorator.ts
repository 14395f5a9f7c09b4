import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import type { Fault } from './error-catalogue.js';
import { CheckedBy } from './fault.decorator.js';
import { joinedReasons } from './fault-list.js';
import { field, type FieldOptions } from './field.decorators.js';
import { isObject } from './is-object.js';
import { hasMoreKeys } from './plain-data.js';
import { textFault } from './text.js';

/** Limits of an object of texts: characters of a key, characters of a value, number of entries. */
export interface EntryLimits {
  maxKey: number;
  maxValue: number;
  maxEntries: number;
}

/** An object of texts in OpenAPI. */
export function textMapSchema({ maxKey, maxValue, maxEntries }: EntryLimits) {
  const text = { type: 'string' as const, maxLength: maxValue };
  return {
    type: 'object' as const,
    maxProperties: maxEntries,
    propertyNames: { minLength: 1, maxLength: maxKey },
    additionalProperties: text,
  };
}

/** An object of texts by key. */
export function TextMapField({
  maxKey,
  maxValue,
  maxEntries,
  ...options
}: FieldOptions & EntryLimits): PropertyDecorator {
  const limits = { maxKey, maxValue, maxEntries };
  const reasonOf = (value: unknown): string | undefined => {
    if (!isObject(value)) return 'must be an object of texts';
    return joinedReasons(reasonsOf(entryFaults(value, limits)));
  };
  return applyDecorators(
    field(options, textMapSchema(limits), CheckedBy('isTextMap', reasonOf)),
    // Left as it came: class-transformer would copy it key by key.
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}

function* reasonsOf(faults: Iterable<Fault>): Generator<string> {
  for (const { field, reason } of faults) yield `${field} ${reason}`.trim();
}

/**
 * The faults of an object of texts; the field is the key, or empty if the fault concerns the whole object. If there are too
 * many entries, they are not checked.
 */
export function* entryFaults(map: Readonly<Record<string, unknown>>, limits: EntryLimits): Generator<Fault> {
  const { maxKey, maxValue, maxEntries } = limits;
  if (hasMoreKeys(map, maxEntries)) {
    yield { field: '', reason: `must have at most ${maxEntries} entries` };
    return;
  }
  for (const [key, value] of Object.entries(map)) {
    const keyFault = textFault(key, 1, maxKey);
    const valueFault = textFault(value, 0, maxValue);
    // The answer must not repeat characters that are not allowed.
    const name = key.slice(0, maxKey).toWellFormed();
    if (keyFault) yield { field: name, reason: `as a key ${keyFault}` };
    if (valueFault) yield { field: name, reason: valueFault };
  }
}
