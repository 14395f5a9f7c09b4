import { joinedReasons } from '#common';
import { newCheckBudget, TooCostlyError, validatorOf } from '#json-schema';
import type { CapableTarget } from '../targets/target.js';
import type { CallOutcome } from './skill-caller.js';

/** Longer answers are not checked. */
const MAX_BYTES = 64 * 1024;
/** A tenth of what the check of parameters may cost. */
const UNITS = 50_000;
const WORDS = { field: 'result', unknown: 'is unknown' };

/**
 * Finds how a result differs from the `output_schema` of its capability; undefined if it fits, if there is no schema, or if the
 * check would cost too much. The caller gets the result all the same.
 */
export function findUnfit(
  { capability }: CapableTarget,
  { status, result, responseBytes }: CallOutcome,
): string | undefined {
  if (capability.outputSchema === null || status !== 'completed' || responseBytes > MAX_BYTES) return undefined;
  const budget = newCheckBudget(false, UNITS);
  try {
    const faults = validatorOf(capability.outputSchema, budget).findFaults(result?.value ?? null, budget, WORDS);
    return joinedReasons(faults.map(({ field, reason }) => `${field} ${reason}`));
  } catch (error) {
    return error instanceof TooCostlyError ? undefined : 'its output_schema cannot be compiled';
  }
}
