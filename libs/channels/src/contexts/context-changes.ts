import { applyDecorators, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import {
  BadParameterError,
  ExactJson,
  type Fault,
  faultError,
  findRepeatedName,
  isObject,
  type JsonPart,
  JsonText,
  listParts,
  textFault,
} from '#common';
import { CONTEXT_LIMITS, contextSchema } from '../channel-limits.js';

/** Changes of a context by key, as JSON was written; null removes a key. */
export type ContextChanges = ReadonlyMap<string, JsonText>;

/** The changes that can be made, and why the others cannot. The field of a fault is a key, or empty. */
export interface CheckedChanges {
  changes: ContextChanges;
  faults: Fault[];
}

/** Checks changes of a context. If there are too many, they are not checked, and none can be made. */
function checkChanges(given: Iterable<JsonPart>): CheckedChanges {
  const { maxEntries, maxKey } = CONTEXT_LIMITS;
  const changes = new Map<string, JsonText>();
  const seen = new Set<string>();
  const faults: Fault[] = [];
  let count = 0;
  for (const { name, text } of given) {
    count += 1;
    if (count > maxEntries) {
      return { changes: new Map(), faults: [{ field: '', reason: `must have at most ${maxEntries} entries` }] };
    }
    const value = new JsonText(text);
    const keyFault = textFault(name, 1, maxKey);
    const reasons = [
      keyFault && `as a key ${keyFault}`,
      seen.has(name) ? 'is given more than once' : valueFault(value),
    ];
    seen.add(name);
    // The answer must not repeat characters that are not allowed.
    const field = name.slice(0, maxKey).toWellFormed();
    const found = reasons.filter((reason) => reason !== undefined);
    faults.push(...found.map((reason) => ({ field, reason })));
    if (found.length === 0) changes.set(name, value);
    // Of two values none is right.
    else changes.delete(name);
  }
  return { changes, faults };
}

function valueFault({ text, value }: JsonText): string | undefined {
  const { maxValue } = CONTEXT_LIMITS;
  if (value === null) return undefined;
  if (typeof value === 'string') {
    const fault = textFault(value, 0, maxValue);
    return fault && `${fault}, or null`;
  }
  if (textFault(text, 0, maxValue) !== undefined) return `must have at most ${maxValue} characters as JSON, or null`;
  const repeated = findRepeatedName(text);
  return repeated === undefined ? undefined : `has a name more than once: ${repeated}`;
}

/** The body of PUT /channels/{channel_id}/context. @throws BadParameterError (1001) that lists every fault */
@Injectable()
export class ContextChangesPipe implements PipeTransform<unknown, ContextChanges> {
  transform(body: unknown): ContextChanges {
    if (!isObject(body))
      throw new BadParameterError([{ field: 'body', reason: 'must be an object; null removes a key' }]);
    const given = Object.entries(body).map(([name, value]) => ({ name, text: (value as JsonText).text }));
    const { changes, faults } = checkChanges(given);
    if (faults.length === 0) return changes;
    throw faultError(faults.map(({ field, reason }) => ({ field: field === '' ? 'body' : field, reason })));
  }
}

/** The `context` in the answer of a Skill: what of it can be taken. */
export function readChanges(context: JsonText): CheckedChanges {
  const { changes, faults } = checkChanges(listParts(context.text));
  return {
    changes,
    faults: faults.map(({ field, reason }) => ({ field: field === '' ? 'context' : `context.${field}`, reason })),
  };
}

/** The body of a route that changes a context, which is a map: it is kept as it is written, and described for OpenAPI. */
export function ContextBody(): MethodDecorator {
  return applyDecorators(
    ExactJson({}),
    ApiBody({
      description: 'Merged by key; null removes a key',
      required: true,
      schema: { ...contextSchema, example: { city: 'Berlin', days: [1, 2.5], draft: null } } as object,
    }),
  );
}
