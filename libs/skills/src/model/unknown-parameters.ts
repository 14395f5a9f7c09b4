import { countEdits } from './count-edits.js';
import { RESERVED_PARAMETERS } from './endpoint-parameters.js';

/** Without what separates words, in lower case. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.keys(RESERVED_PARAMETERS).map((name) => [flatten(name), name]),
);
/** Other names that begin like this look as if the registry read them. */
const PREFIXES = ['health', 'timeout', 'invoke'];
/** Letters that may be wrong in a name, for each letter that it has. */
const TOLERANCE = 0.2;

/** Warns of parameters of endpoints that look like those that the registry reads, and are not. */
export function* warnOfUnknownParameters({
  endpoints,
}: {
  endpoints: readonly { parameters?: object }[];
}): Generator<{ field: string; reason: string }> {
  for (const [index, { parameters = {} }] of endpoints.entries()) {
    for (const key of Object.keys(parameters)) {
      if (Object.hasOwn(RESERVED_PARAMETERS, key)) continue;
      const flat = flatten(key);
      const near = findNear(flat);
      if (near === undefined && !PREFIXES.some((prefix) => flat.startsWith(prefix))) continue;
      const meant = near === undefined ? '' : `: did you mean "${near}"?`;
      yield { field: `endpoints.${index}.parameters.${key}`, reason: `is unknown, and has no effect${meant}` };
    }
  }
}

/** The nearest reserved name; or, of longer ones, that which begins so. */
function findNear(flat: string): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const [name, reserved] of NAMES) {
    const most = Math.floor(name.length * TOLERANCE);
    // Most keys are compared with no name.
    if (Math.abs(name.length - flat.length) > most || !name.startsWith(flat.charAt(0))) continue;
    const distance = countEdits(flat, name);
    if (distance <= most && distance < least) [nearest, least] = [reserved, distance];
  }
  if (nearest !== undefined || flat.length < 5) return nearest;
  const longer = [...NAMES].filter(([name]) => name.startsWith(flat));
  return longer.length === 1 ? longer[0]?.[1] : undefined;
}

function flatten(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
