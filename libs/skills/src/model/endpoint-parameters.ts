import { certificatesFault, headerValueFault, pathFault } from '#common';
import { readStatuses } from './status-list.js';

/** Characters of `tls_ca`. */
export const TLS_CA_MAX = 16_384;

/** How the text of a parameter is read. */
interface Rule<T> {
  /** Returns undefined if the text breaks the rule. */
  read: (text: string) => T | undefined;
  reason: string;
  /** The database reads it, so it must not be encrypted. */
  isPublic?: true;
}

/** Parameters of endpoints that the registry reads, besides those that it sends (protocol.md section 6, docs/calling-skills.md). */
const RULES = {
  timeout_ms: wholeNumber('milliseconds', 1, 3_600_000),
  method: oneOf(['POST', 'PUT', 'PATCH']),
  answer: {
    read: (text: string) => (['envelope', 'raw'] as const).find((word) => word === text),
    reason: 'must be envelope or raw',
  },
  health_method: oneOf(['GET', 'HEAD']),
  health_status: { read: readStatuses, reason: 'must be status codes from 100 to 599, such as "200,204,401-403"' },
  health_body: { read: (text: string) => (text === '' ? undefined : text), reason: 'must not be empty' },
  health_interval: { ...wholeNumber('seconds', 1, 86_400), isPublic: true },
  health_timeout_ms: { ...wholeNumber('milliseconds', 50, 60_000), isPublic: true },
  tls_ca: {
    read: (text: string) => (certificatesFault(text) === undefined ? text : undefined),
    reason: 'must be certificates in PEM, and nothing else in PEM',
  },
} as const satisfies Record<string, Rule<unknown>>;

export type ReadParameter = keyof typeof RULES;
export const READ_PARAMETERS = Object.keys(RULES) as ReadParameter[];

type ValueOf<K extends ReadParameter> = Exclude<ReturnType<(typeof RULES)[K]['read']>, undefined>;

/** The value of a parameter; undefined if it is missing, or breaks its rule, as older releases let it. */
export function readParameter<K extends ReadParameter>(
  values: Readonly<Record<string, string>>,
  key: K,
): ValueOf<K> | undefined {
  const text = values[key];
  return text === undefined ? undefined : (RULES[key].read(text) as ValueOf<K> | undefined);
}

/** The parameters whose values break their rules. */
export function listUnreadable(values: Readonly<Record<string, string>>): ReadParameter[] {
  return READ_PARAMETERS.filter((key) => values[key] !== undefined && RULES[key].read(values[key]) === undefined);
}

/** Why a value cannot be used, or undefined. The reason does not repeat it. */
type Check = (text: string, isSecret: boolean) => string | undefined;

/** A token (RFC 9110 section 5.6.2). */
const METHOD = /^[!#$%&'*+.^_`|~\w-]*$/;

/** Parameters that become part of a request. With a fault, every call of the endpoint fails. */
export const SENT_PARAMETERS: Readonly<Record<string, Check>> = {
  authorization: headerValueFault,
  invoke_path: pathFault,
  health_path: pathFault,
  method: (text) => (METHOD.test(text) ? undefined : 'must be a method of HTTP'),
};

/** All parameters that the registry uses. */
export const RESERVED_PARAMETERS: Readonly<Record<string, Check>> = {
  ...SENT_PARAMETERS,
  ...Object.fromEntries(
    Object.entries<Rule<unknown>>(RULES).map(([key, { read, reason, isPublic }]): [string, Check] => [
      key,
      (text, isSecret) => {
        if (isSecret && isPublic) return 'must not be secret';
        return read(text) === undefined ? reason : undefined;
      },
    ]),
  ),
};

function wholeNumber(unit: string, min: number, max: number): Rule<number> {
  return {
    read: (text) => {
      const number = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 0;
      return number >= min && number <= max ? number : undefined;
    },
    reason: `must be a whole number of ${unit} from ${min} to ${max}`,
  };
}

function oneOf<const T extends string>(values: readonly T[]): Rule<T> {
  return {
    read: (text) => values.find((value) => value === text.toUpperCase()),
    reason: `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
  };
}
