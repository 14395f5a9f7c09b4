import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ArgumentMetadata, type ValidationError, ValidationPipe } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidatorOptions } from 'class-validator';
import { CompiledValidator } from './compiled-validator.js';
import { BadParameterError, type Fault } from './error-catalogue.js';
import { faultError, FaultList, REQUIRED } from './fault-list.js';
import { isObject } from './is-object.js';
import { repeatedFaults } from './repeatable.decorator.js';

/** The path and reason of every fault in a class-validator tree (`endpoints.0.url`). */
export function faultsOf(errors: readonly ValidationError[], prefix = ''): Fault[] {
  return errors.flatMap((error) => {
    const field = prefix + error.property;
    const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => ({
      field,
      reason: constraint === 'whitelistValidation' ? 'is unknown' : message,
    }));
    // "is required" says it all: what an absent value fails besides is noise.
    const required = own.filter(({ reason }) => reason === REQUIRED);
    return [...(required.length > 0 ? required : own), ...faultsOf(error.children ?? [], `${field}.`)];
  });
}

const OPTIONS: ValidatorOptions = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: false },
};

/** Checks a value that is no request body of its own, by the same rules. @throws BadParameterError (1001) */
export async function validateBody<T extends object>(type: new () => T, value: unknown): Promise<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadParameterError([{ field: 'body', reason: 'must be an object' }]);
  }
  const validator = CompiledValidator.of(type);
  const accepted = validator?.accept(value);
  if (accepted) return accepted;
  if (validator) assertExplained(validator, value);
  const instance = plainToInstance(type, value);
  const errors = await validate(instance, OPTIONS);
  if (errors.length > 0) throw faultError(faultsOf(errors));
  return instance;
}

/**
 * Throws the faults that class-validator would find, but in bounded time: class-validator checks all items of a list that is
 * too long (docs/adr/0028).
 */
function assertExplained(validator: CompiledValidator<object>, value: unknown): void {
  const faults = new FaultList();
  validator.explain(value, faults);
  if (!faults.isEmpty) throw faults.toError();
}

/** Milliseconds for which items of a batch are checked before other requests get their turn. */
const VALIDATE_AT_ONCE_MS = 5;

/** Checks the items of a batch one by one. Yields the index of each item with the valid item or its error. Other requests run in between. */
export async function* validateEach<T extends object>(
  type: new () => T,
  values: readonly unknown[],
): AsyncGenerator<[index: number, item: T | BadParameterError]> {
  let since = performance.now();
  for (const [index, value] of values.entries()) {
    if (performance.now() - since > VALIDATE_AT_ONCE_MS) {
      await nextTurn();
      since = performance.now();
    }
    try {
      yield [index, await validateBody(type, value)];
    } catch (error) {
      if (!(error instanceof BadParameterError)) throw error;
      yield [index, error];
    }
  }
}

/** Validates with the compiled validator where possible, and with Nest's pipe otherwise. */
class CompilingValidationPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { metatype } = metadata;
    if (metadata.type === 'query' && metatype && isObject(value)) await this.assertGivenOnce(value, metadata);
    const validator = metatype && this.toValidate(metadata) ? CompiledValidator.of<object>(metatype) : undefined;
    const accepted = validator?.acceptSent(value);
    if (accepted) return accepted;
    if (validator) assertExplained(validator, value ?? {});
    // Not the same as no body, which is undefined.
    if (value === null && metadata.type === 'body') {
      throw new BadParameterError([{ field: 'body', reason: 'must be an object' }]);
    }
    return super.transform(value, metadata);
  }

  /** @throws BadParameterError (1001) with the parameters that are given more than once, and the faults of the others */
  private async assertGivenOnce(query: Record<string, unknown>, metadata: ArgumentMetadata): Promise<void> {
    const repeated = repeatedFaults(metadata.metatype as new () => object, query);
    if (repeated.length === 0) return;
    const names = new Set(repeated.map(({ field }) => field));
    const others = Object.fromEntries(Object.entries(query).filter(([name]) => !names.has(name)));
    try {
      await this.transform(others, metadata);
    } catch (error) {
      if (!(error instanceof BadParameterError)) throw error;
      repeated.push(...error.details.filter(({ field }) => !names.has(field)));
    }
    throw faultError(repeated);
  }
}

/** Refuses unknown fields, and reports all faults together (code 1001). */
export function createValidationPipe(): ValidationPipe {
  return new CompilingValidationPipe({
    ...OPTIONS,
    transform: true,
    exceptionFactory: (errors) => faultError(faultsOf(errors)),
  });
}
