import { Transform } from 'class-transformer';
import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { field, type FieldOptions } from './field.decorators.js';
import { isObject } from './is-object.js';
import { JsonText } from './json-text.js';

/** A JSON object of any content, with its text: a `JsonText`. The route must be one with `ExactJson`. */
export function JsonObjectField(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    field(
      options,
      { type: 'object', additionalProperties: true },
      ValidateBy({
        name: 'jsonObject',
        validator: {
          validate: (value) => value instanceof JsonText && isObject(value.value),
          defaultMessage: () => 'must be an object',
        },
      }),
    ),
    // Left as it came: class-transformer would copy it.
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}
