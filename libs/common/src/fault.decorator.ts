import { ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';

/**
 * class-validator decorator over a function that says why a value is not valid, or undefined. `name` tells the rule apart from
 * others of the same field.
 */
export function CheckedBy(
  name: string,
  findFault: (value: unknown, args?: ValidationArguments) => string | undefined,
  options?: ValidationOptions,
): PropertyDecorator {
  const validator = {
    validate: (value: unknown, args?: ValidationArguments): boolean => findFault(value, args) === undefined,
    defaultMessage: (args?: ValidationArguments): string => findFault(args?.value, args) ?? '',
  };
  return ValidateBy({ name, validator }, options);
}
