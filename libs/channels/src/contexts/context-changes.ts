import { applyDecorators, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import { BadParameterError, entryFaults, faultError, isObject, textMapSchema } from '#common';
import { CONTEXT_LIMITS } from '../channel-limits.js';

/** Changes of a context by key; null removes a key. */
export type ContextChanges = Readonly<Record<string, string | null>>;

const LIMITS = { ...CONTEXT_LIMITS, nullable: true };

/** The body of PUT /channels/{channel_id}/context. @throws BadParameterError (1001) that lists every fault */
@Injectable()
export class ContextChangesPipe implements PipeTransform<unknown, ContextChanges> {
  transform(body: unknown): ContextChanges {
    assertContextChanges(body, 'body');
    return body;
  }
}

/** @throws BadParameterError (1001) that lists every fault; `name` is the field of the whole value */
export function assertContextChanges(value: unknown, name: string): asserts value is ContextChanges {
  if (!isObject(value))
    throw new BadParameterError([{ field: name, reason: 'must be an object of texts; null removes a key' }]);
  const faults = [...entryFaults(value, LIMITS)];
  if (faults.length === 0) return;
  throw faultError(faults.map(({ field, reason }) => ({ field: field === '' ? name : field, reason })));
}

/** The OpenAPI description of the body, which is a map. */
export function ApiContextChanges(): MethodDecorator {
  return applyDecorators(
    ApiBody({
      description: 'Merged by key; null removes a key',
      required: true,
      schema: { ...textMapSchema(LIMITS), example: { city: 'Berlin', draft: null } } as object,
    }),
  );
}
