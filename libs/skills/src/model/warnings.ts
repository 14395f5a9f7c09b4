import type { CreateSkillBody } from './skill.dto.js';
import { warnOfSecretQueries } from './secret-queries.js';
import { warnOfUnknownParameters } from './unknown-parameters.js';
import { MAX_WARNINGS, type WarningResponse } from './warning.response.js';

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
