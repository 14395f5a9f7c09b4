import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';

/** Warnings in one answer: a body of 500 endpoints could cause thousands. */
export const MAX_WARNINGS = 100;

/** Something in an accepted body that its sender should look at. The request was carried out. */
export class WarningResponse {
  @ApiProperty({ example: 'endpoints.0.url', description: 'Path of the field' })
  field: string;

  @ApiProperty({ example: '"api_key" in the query can be read by every reader of the Skill' })
  reason: string;
}

/** A field `warnings` of an answer, which is absent if there are none. */
export function WarningsField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      type: () => WarningResponse,
      isArray: true,
      required: false,
      maxItems: MAX_WARNINGS,
      description: 'What the sender should look at; absent if there is nothing',
    }),
  );
}
