import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  Matches,
  ValidateIf,
} from 'class-validator';
import { field, type FieldOptions } from './field.decorators.js';
import { IsText } from './text.js';

/** The id of a client or a Space. */
const IDENTIFIER = /^[A-Za-z0-9._-]{1,64}$/;
const REASON = 'must be 1 to 64 letters, digits, dots, dashes and underscores';

export function IdentifierField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: String, pattern: IDENTIFIER.source, maxLength: 64 },
    Matches(IDENTIFIER, { message: REASON }),
  );
}

/** One to `max` different identifiers; with `nullable`, also null. */
export function IdentifierListField(options: FieldOptions & { max: number; nullable?: boolean }): PropertyDecorator {
  const { max, nullable = false } = options;
  return applyDecorators(
    field(
      options,
      {
        type: 'array',
        items: { type: 'string', pattern: IDENTIFIER.source, maxLength: 64 },
        minItems: 1,
        maxItems: max,
        uniqueItems: true,
        ...(nullable && { nullable }),
      },
      ...buildListField(max),
      Matches(IDENTIFIER, { each: true, message: `each ${REASON}` }),
    ),
    ...(nullable ? [ValidateIf((_, value) => value !== null)] : []),
  );
}

/** Up to `maxItems` different texts of 1 to `max` code points; the list may be empty. */
export function TextListField(options: FieldOptions & { maxItems: number; max: number }): PropertyDecorator {
  const { maxItems, max } = options;
  return field(
    options,
    { type: 'array', items: { type: 'string', minLength: 1, maxLength: max }, maxItems, uniqueItems: true },
    ...buildListField(maxItems, 0),
    IsText(1, max, { each: true, message: `each must be a text of 1 to ${max} characters` }),
  );
}

/** One or more of these values, without duplicates. */
export function EnumListField(values: readonly string[], options: FieldOptions & { name: string }): PropertyDecorator {
  return field(
    options,
    { enum: [...values], enumName: options.name, isArray: true, minItems: 1, uniqueItems: true },
    ...buildListField(values.length),
    IsIn([...values], { each: true, message: `each must be one of ${values.join(', ')}` }),
  );
}

function buildListField(max: number, min = 1): PropertyDecorator[] {
  return [
    IsArray({ message: 'must be an array' }),
    ...(min > 0 ? [ArrayMinSize(min, { message: `must have at least ${min} item` })] : []),
    ArrayMaxSize(max, { message: `must have at most ${max} items` }),
    ArrayUnique({ message: 'must not repeat an item' }),
  ];
}

export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: Boolean }, IsBoolean({ message: 'must be true or false' }));
}
