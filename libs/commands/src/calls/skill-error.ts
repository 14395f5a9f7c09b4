import { isObject, type JsonText } from '#common';
import type { ExecutionError } from '../executions/execution.entity.js';
import type { Untaken } from './untaken.js';

export type Members = ReadonlyMap<string, JsonText>;

const ERROR_MEMBERS = ['code', 'message', 'details'];
const ERROR = new Set(ERROR_MEMBERS);
/** The last ones are signs that some servers add. */
const ERROR_ENVELOPE = new Set([...ERROR_MEMBERS, 'timestamp', 'trace_id', 'request_id']);
const REFUSAL = new Set([...ERROR_ENVELOPE, 'error', 'error_detail']);
const LONGEST_CODE = 64;
const LONGEST_MESSAGE = 1024;

/** The error of an answer with 4xx: the envelope itself, or `error` in it, or at least its `message`. */
export function readRefusal(json: JsonText, plain: ExecutionError, untaken: Untaken): ExecutionError {
  const error = readError(json, untaken);
  if (error) return error;
  const members = json.members();
  untaken.addUnknown(members, REFUSAL);
  const message = readText(members.get('message'), 'message', untaken) ?? plain.message;
  return readReason(members, { ...plain, message }, untaken);
}

/** `error` as an object or as text, with `error_detail` beside it. What is missing comes from `otherwise`. */
export function readReason(members: Members, otherwise: ExecutionError, untaken: Untaken): ExecutionError {
  const [error, detail] = [members.get('error'), members.get('error_detail')];
  const [name, object] = isObject(detail?.value) ? ['error_detail', detail] : ['error', error];
  if (detail && detail !== object && !isEmpty(detail.value)) untaken.add('error_detail', 'must be an object');
  if (!object || !isObject(object.value)) {
    return { ...otherwise, message: readText(error, 'error', untaken) ?? otherwise.message };
  }
  const text = object === error ? undefined : readText(error, 'error', untaken);
  const plain = { ...otherwise, message: text ?? otherwise.message };
  const names = object.members();
  if (ERROR_MEMBERS.some((member) => names.has(member))) {
    const read = readError(object, untaken, plain, `${name}.`) ?? plain;
    // The published text is what people see; error_detail is of this registry.
    if (text === undefined || text === read.message) return read;
    if (names.has('message')) untaken.add('error_detail.message', 'is not taken, because of error');
    return { ...read, message: text };
  }
  const message = text ?? readText(object, name, untaken);
  return message === undefined ? plain : { ...plain, message, details: object };
}

/**
 * `{code, message, details?}` of an envelope, or of an AI Bridge message. `otherwise` stands for a code or a message that cannot
 * be read; without it, undefined is returned for an object without a code. `path` is that of the object.
 */
export function readError(
  json: JsonText,
  untaken: Untaken,
  otherwise?: ExecutionError,
  path = '',
): ExecutionError | undefined {
  if (!isObject(json.value)) return undefined;
  const given = json.value.code;
  const own = readCode(given);
  const code = own ?? otherwise?.code;
  if (code === undefined) return undefined;
  const members = json.members();
  untaken.addUnknown(members, path === '' ? ERROR_ENVELOPE : ERROR, path);
  if (own === undefined && !isEmpty(given)) untaken.add(`${path}code`, 'must be a number or a text');
  if (typeof given === 'string' && given !== own)
    untaken.add(`${path}code`, `was cut after ${LONGEST_CODE} characters`);
  const details = members.get('details');
  const message = readText(members.get('message'), `${path}message`, untaken) ?? otherwise?.message ?? '';
  return { code, message, ...(details && { details }) };
}

function readCode(code: unknown): ExecutionError['code'] | undefined {
  if (typeof code === 'string') return shorten(code, LONGEST_CODE);
  // JSON.parse turns 1e400 into Infinity, which cannot be written as JSON.
  return Number.isFinite(code) ? Number(code) : undefined;
}

/** A text, or another value as JSON, so that nothing that a Skill says of an error is lost. Empty values say nothing. */
function readText(json: JsonText | undefined, field: string, untaken: Untaken): string | undefined {
  if (json === undefined || isEmpty(json.value)) return undefined;
  const text = typeof json.value === 'string' ? json.value : json.text.trim();
  if (text.length > LONGEST_MESSAGE) untaken.add(field, `was cut after ${LONGEST_MESSAGE} characters`);
  return shorten(text, LONGEST_MESSAGE);
}

/** Whether a value says nothing of an error. */
export function isEmpty(value: unknown): boolean {
  return isObject(value) || Array.isArray(value) ? Object.keys(value).length === 0 : !value;
}

/** Cuts no pair of surrogates in two. Half a pair that the Skill sent stays. */
function shorten(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}
