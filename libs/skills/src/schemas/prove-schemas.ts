import { setImmediate as nextTurn } from 'node:timers/promises';
import { faultError, type Fault, isObject } from '#common';
import { compileFault, isProven } from '#json-schema';

interface Described {
  capabilities?: unknown;
}

/**
 * Compiles the schemas of a body that were not compiled before, with other work in between. It skips what the checks of the
 * body refuse. @throws BadParameterError (1001) with every schema that cannot be compiled
 */
export async function proveSchemas(body: Described): Promise<void> {
  const faults: Fault[] = [];
  for (const found of compileAll(body)) {
    if (found) faults.push(found);
    await nextTurn();
  }
  if (faults.length > 0) throw faultError(faults);
}

/** Like `proveSchemas`, at once. @throws BadParameterError (1001) */
export function assertSchemas(body: Described): void {
  const faults = [...compileAll(body)].filter((found) => found !== undefined);
  if (faults.length > 0) throw faultError(faults);
}

/** Yields after each compilation. */
function* compileAll({ capabilities }: Described): Generator<Fault | undefined> {
  if (!Array.isArray(capabilities)) return;
  for (const [index, capability] of capabilities.entries()) {
    if (!isObject(capability)) continue;
    for (const field of ['input_schema', 'output_schema']) {
      const schema = capability[field];
      if (!isObject(schema) || isProven(schema)) continue;
      const reason = compileFault(schema);
      yield reason === undefined ? undefined : { field: `capabilities.${String(index)}.${field}`, reason };
    }
  }
}
