import { type ValidationError, ValidationPipe } from '@nestjs/common';
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

/** Refuses unknown fields, and tells every fault at once (code 1001). */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => new BadParameterError(faultsOf(errors).slice(0, MAX_FAULTS)),
  });
}
