import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { CreateSkillBody } from './skill.dto.js';
import { warnOfSecretQueries } from './endpoint-url.js';
import { warnOfUnknownParameters } from './unknown-parameters.js';

/** Warnings in one answer: a body of 500 endpoints could cause thousands. */
const MAX_WARNINGS = 100;

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

type WarnedBody = Pick<CreateSkillBody, 'name' | 'endpoints'>;

/** Each check yields its warnings of a valid body. No reason may repeat a value that can be a secret. */
const CHECKS: readonly ((body: WarnedBody) => Iterable<WarningResponse>)[] = [
  warnOfSecretQueries,
  warnOfUnknownParameters,
];

/** Returns what is odd about a valid body, and the other warnings, as the field `warnings` of an answer. */
export function listWarnings(
  body: WarnedBody,
  others: Iterable<WarningResponse> = [],
): { warnings?: WarningResponse[] } {
  const warnings = [...others];
  for (const check of CHECKS) {
    for (const warning of check(body)) {
      if (warnings.length >= MAX_WARNINGS) break;
      warnings.push(warning);
    }
  }
  return warnings.length > 0 ? { warnings } : {};
}
