import { ValidateBy } from 'class-validator';
import { field, type FieldOptions } from './field.decorators.js';

/** An object of anything that JSON can hold. */
export function JsonObjectField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: 'object', additionalProperties: true },
    ValidateBy({
      name: 'jsonObject',
      validator: {
        validate: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
        defaultMessage: () => 'must be an object',
      },
    }),
  );
}
