import { CheckedBy, isObject, joinedReasons } from '#common';
import { QUERY_PREFIX } from './endpoint-url.js';
import { isMask, type ScalarValue } from '../secrets/index.js';
import { RESERVED_PARAMETERS, SENT_PARAMETERS } from './endpoint-parameters.js';

/** Refuses parameters that the registry cannot use (protocol.md section 6). The reasons repeat no value. */
export function UsableParameters(): PropertyDecorator {
  return checked('usableParameters', (map) => {
    const reasons = [...faults(map, RESERVED_PARAMETERS)];
    if (Object.hasOwn(map, QUERY_PREFIX)) reasons.push(`"${QUERY_PREFIX}" must name a key of the query`);
    if (map.health_body !== undefined && String(unwrap(map.health_method)).toUpperCase() === 'HEAD') {
      reasons.push('"health_body" needs the "health_method" GET: an answer to HEAD has no body');
    }
    return reasons;
  });
}

/** Refuses parameters that make every call of the endpoint fail. Older releases accepted others that are not usable. */
export function SendableParameters(): PropertyDecorator {
  return checked('sendableParameters', (map) => faults(map, SENT_PARAMETERS));
}

function checked(name: string, list: (map: Record<string, unknown>) => Iterable<string>): PropertyDecorator {
  return CheckedBy(name, (map) => (isObject(map) ? joinedReasons(list(map)) : undefined));
}

function* faults(map: Record<string, unknown>, checks: typeof RESERVED_PARAMETERS): Generator<string> {
  for (const [key, check] of Object.entries(checks)) {
    const given = Object.hasOwn(map, key) ? map[key] : undefined;
    const value = unwrap(given);
    // A mask keeps the stored secret. Other types are refused elsewhere.
    if (!isScalar(value) || isMask(value)) continue;
    const fault = check(String(value), isObject(given));
    if (fault !== undefined) yield `the value of "${key}" ${fault}`;
  }
}

/** A secret value without its wrapping. */
function unwrap(value: unknown): unknown {
  return isObject(value) ? value.value : value;
}

function isScalar(value: unknown): value is ScalarValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
