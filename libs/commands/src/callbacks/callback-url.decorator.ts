import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { CheckedBy, urlFault } from '#common';
import { ValidateIf } from 'class-validator';

const URL_MAX = 2048;

/** Returns why a value is not a valid callback URL, or undefined. */
function callbackUrlFault(value: unknown): string | undefined {
  return urlFault(value, { schemes: ['http', 'https'], max: URL_MAX });
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
    CheckedBy('callbackUrl', callbackUrlFault),
  );
}
