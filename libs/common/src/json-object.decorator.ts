import { ValidateBy } from 'class-validator';
import { field, type FieldOptions } from './field.decorators.js';
import { isObject } from './is-object.js';

/** A JSON object of any content. */
export function JsonObjectField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: 'object', additionalProperties: true },
    ValidateBy({
      name: 'jsonObject',
      validator: {
        validate: isObject,
        defaultMessage: () => 'must be an object',
      },
    }),
  );
}
