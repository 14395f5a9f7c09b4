import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ArgumentMetadata, type ValidationError, ValidationPipe } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidatorOptions } from 'class-validator';
import { CompiledValidator } from './compiled-validator.js';
import { BadParameterError, type Fault } from './error-catalogue.js';

/** More faults than this are not told: the answer stays small however bad the request is. */
const MAX_FAULTS = 100;

/** The path and reason of every fault in a class-validator tree (`endpoints.0.url`). */
export function faultsOf(errors: readonly ValidationError[], prefix = ''): Fault[] {
  return errors.flatMap((error) => {
    const field = prefix + error.property;
    const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => ({
      field,
      reason: constraint === 'whitelistValidation' ? 'is unknown' : message,
    }));
    // "is required" says it all: what an absent value fails besides is noise.
    const required = own.filter(({ reason }) => reason === 'is required');
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
  const accepted = CompiledValidator.of(type)?.accept(value);
  if (accepted) return accepted;
  const instance = plainToInstance(type, value);
  const errors = await validate(instance, OPTIONS);
  if (errors.length > 0) throw new BadParameterError(faultsOf(errors).slice(0, MAX_FAULTS));
  return instance;
}

/** Items of a batch that are checked before other requests get their turn. */
const VALIDATE_AT_ONCE = 50;

/** Checks the items of a batch one by one: with its place, each is what it should be or
 * why it is not. Others get their turn in between. */
export async function* validateEach<T extends object>(
  type: new () => T,
  values: readonly unknown[],
): AsyncGenerator<[index: number, item: T | BadParameterError]> {
  for (const [index, value] of values.entries()) {
    if (index % VALIDATE_AT_ONCE === VALIDATE_AT_ONCE - 1) await nextTurn();
    try {
      yield [index, await validateBody(type, value)];
    } catch (error) {
      if (!(error instanceof BadParameterError)) throw error;
      yield [index, error];
    }
  }
}

/** Nest's pipe for what is not right at first sight; what is right goes the short way. */
class CompilingValidationPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { metatype } = metadata;
    const validator = metatype && this.toValidate(metadata) ? CompiledValidator.of<object>(metatype) : undefined;
    return validator?.acceptSent(value) ?? ((await super.transform(value, metadata)) as unknown);
  }
}

/** Refuses unknown fields, and tells every fault at once (code 1001). */
export function createValidationPipe(): ValidationPipe {
  return new CompilingValidationPipe({
    ...OPTIONS,
    transform: true,
    exceptionFactory: (errors) => new BadParameterError(faultsOf(errors).slice(0, MAX_FAULTS)),
  });
}
