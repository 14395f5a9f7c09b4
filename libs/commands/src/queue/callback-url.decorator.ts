import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { textFault } from '#common';
import { ValidateBy, ValidateIf } from 'class-validator';

const URL_MAX = 2048;

/** Why a value is no address for callbacks, or undefined. Where it leads is looked at when it is called. */
export function callbackUrlFault(value: unknown): string | undefined {
  const fault = textFault(value, 1, URL_MAX);
  if (fault !== undefined) return fault;
  const text = value as string;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The parser forgives spaces and "http:host"; others that read the URL will not.
  if (!url || !/^https?:\/\/[^\s\\]+$/i.test(text)) return 'must be a valid http or https URL';
  if (url.username !== '' || url.password !== '') return 'must not hold credentials';
  if (url.hash !== '') return 'must not hold a fragment';
  return undefined;
}

export function CallbackUrlField({ description }: { description: string }): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      type: String,
      format: 'uri',
      maxLength: URL_MAX,
      example: 'https://agent.example.com/callbacks',
      description,
      required: false,
    }),
    ValidateIf((_, value) => value !== undefined),
    ValidateBy({
      name: 'callbackUrl',
      validator: {
        validate: (value) => callbackUrlFault(value) === undefined,
        defaultMessage: (args) => callbackUrlFault(args?.value) ?? '',
      },
    }),
  );
}
