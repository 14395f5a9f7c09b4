import { ValidateBy } from 'class-validator';

/** Of a list: the message is about every item, and names none, because a value may be a secret. */
export function EachIs(holds: (item: string) => boolean, message: string): PropertyDecorator {
  return ValidateBy({
    name: 'eachIs',
    validator: {
      validate: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string' && holds(item)),
      defaultMessage: () => message,
    },
  });
}
