/** Units for the checks of one call. The check of a simple value takes a few; half a million takes some 50 ms. */
const UNITS = 500_000;
/** Errors at one place that Ajv may collect before it must stop. */
const MAX_ERRORS = 20_000;
/** Ajv copies the errors so far for each schema that is referred to: so many copies cost one unit. */
const ERRORS_PER_UNIT = 256;
const CHARACTERS_PER_UNIT = 32;
const ITEMS_PER_UNIT = 4;
const UNITS_PER_KEY = 2;

/** The check of a value against a schema costs more than one call may. */
export class TooCostlyError extends Error {}

/** The work that the checks of one call may still do. */
export interface CheckBudget {
  left: number;
  /** Whether the compilation of schemas counts, too. */
  readonly paysCompilation: boolean;
}

export function newCheckBudget(paysCompilation = false, left = UNITS): CheckBudget {
  return { left, paysCompilation };
}

/** Of the check that runs. Checks are synchronous: there is one at a time. */
let current: CheckBudget | undefined;

/** Runs a check. Patterns and compiled schemas in it spend from the budget. */
export function spending<T>(budget: CheckBudget, check: () => T): T {
  current = budget;
  try {
    return check();
  } finally {
    current = undefined;
  }
}

/** @throws TooCostlyError if nothing is left */
export function spend(units: number): void {
  if (current === undefined) return;
  current.left -= units;
  if (current.left < 0) throw new TooCostlyError();
}

/**
 * Compiled schemas call it for each schema and value. `weight` grows with the keywords of the schema; `loops`: some of them
 * read all keys of an object. @throws TooCostlyError
 */
export function spendOn(weight: number, value: unknown, errors: number, loops: boolean): void {
  let units = weight + errors / ERRORS_PER_UNIT;
  if (typeof value === 'string') units += value.length / CHARACTERS_PER_UNIT;
  else if (Array.isArray(value)) units += value.length / ITEMS_PER_UNIT;
  else if (loops && typeof value === 'object' && value !== null) {
    for (const _ in value) units += UNITS_PER_KEY;
  }
  if (errors > MAX_ERRORS) throw new TooCostlyError();
  spend(units);
}
