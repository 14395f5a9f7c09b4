import { ValidateBy } from 'class-validator';

/** Checks every item of a list. The message repeats no item, because it may be a secret. */
export function EachIs(holds: (item: string) => boolean, message: string): PropertyDecorator {
  return ValidateBy({
    name: 'eachIs',
    validator: {
      validate: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string' && holds(item)),
      defaultMessage: () => message,
    },
  });
}
