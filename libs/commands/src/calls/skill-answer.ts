import { isUtf8 } from 'node:buffer';
import { isObject, type JsonText, readForeignJson, RepeatedNameError } from '#common';
import type { ExecutionError } from '../executions/execution.entity.js';
import { badAnswer, TryError } from './try-error.js';

/** The answer of a Skill that has made the call. */
export interface SkillAnswer {
  status: 'completed' | 'failed';
  /** As the Skill wrote it; undefined: null. */
  result?: JsonText;
  output?: string;
  error?: ExecutionError;
  /** Changes of the context of the channel; null removes a key. */
  context?: Record<string, string | null>;
}

type Members = ReadonlyMap<string, JsonText>;

/** The result of a call whose answer is too large to be parsed. It is not retried: the Skill has made the call. */
export function tooLargeAnswer(fault: string): SkillAnswer {
  return { status: 'failed', error: { code: 5000, message: `The answer of the Skill ${fault}` } };
}

const ERROR_MEMBERS = ['code', 'message', 'details'];
const LONGEST_CODE = 64;
const LONGEST_MESSAGE = 1024;
const NO_REASON: ExecutionError = { code: 5000, message: 'The Skill gave no reason' };
/** What Skills call it, in any letter case. `success` is the word of AI Bridge messages, and of earlier releases. */
const STATUSES: ReadonlyMap<string, SkillAnswer['status']> = new Map([
  ['completed', 'completed'],
  ['success', 'completed'],
  ['failed', 'failed'],
]);
/** Answers whose `Retry-After` is heeded. */
const PAUSING = new Set([429, 503]);
/** Client errors after which another endpoint is tried. */
const RETRYABLE = new Set([408, 425, 429]);

/**
 * Reads the answer to `POST /api/v1/commands/execute` (protocol.md sections 3 and 6). An error for the caller is an answer.
 * `isRaw`: the body of a 2xx is the result itself. `retryAfterMs`: of the header `Retry-After`.
 * @throws TryError if the answer means that this endpoint cannot serve; a final one if a 2xx cannot be read
 */
export function readAnswer(status: number, body: Buffer, isRaw = false, retryAfterMs = 0): SkillAnswer {
  if (status >= 200 && status < 300) return readSuccess(body, isRaw);
  const { json } = readForeignJson(body);
  if (status >= 500 || RETRYABLE.has(status)) {
    const skillError = json && safely(() => readError(json));
    const asked = PAUSING.has(status) ? retryAfterMs : 0;
    throw new TryError('error-answer', `the endpoint answered ${status}`, true, skillError, {
      retryAfterMs: asked,
      isBlamed: asked === 0,
    });
  }
  if (status < 400) throw new TryError('bad-answer', `the endpoint answered ${status}`, true);
  const plain = { code: status, message: `The Skill answered ${status}` };
  return { status: 'failed', error: (json && safely(() => readRefusal(json, plain))) ?? plain };
}

/** No body, such as with 204, is a null result. */
function readSuccess(body: Buffer, isRaw: boolean): SkillAnswer {
  if (body.length === 0) return { status: 'completed' };
  if (!isUtf8(body)) throw badAnswer('it is not UTF-8', body);
  const { json, tooLarge } = readForeignJson(body);
  if (tooLarge !== undefined) return tooLargeAnswer(tooLarge);
  if (json === undefined) throw badAnswer('it is not JSON', body);
  if (isRaw) return { status: 'completed', result: json };
  return readUnambiguous(body, () => readEnvelope(json, body));
}

function readEnvelope(json: JsonText, body: Buffer): SkillAnswer {
  if (!isObject(json.value)) throw badAnswer('it is not a JSON object', body);
  if (json.value.code === 0) return readExecution(json.members().get('data')?.members() ?? new Map(), body);
  const error = readError(json);
  if (error === undefined) throw badAnswer('it is not an envelope with a code', body);
  return { status: 'failed', error };
}

/** Runs `read`. @throws TryError, a final one, if one of the objects that it reads has a name twice */
export function readUnambiguous<T>(source: Buffer, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RepeatedNameError ? badAnswer(error.message, source) : error;
  }
}

/** The errors in answers that say no more than their status if they cannot be read. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RepeatedNameError) return undefined;
    throw error;
  }
}

/** `{status, result?, output?, error?, error_detail?, context?}`; `source` is the answer. @throws TryError, RepeatedNameError */
export function readExecution(members: Members, source: Buffer): SkillAnswer {
  const word = members.get('status')?.value;
  const status = typeof word === 'string' ? STATUSES.get(word.toLowerCase()) : undefined;
  if (status === undefined) throw badAnswer('its status is neither completed nor failed', source);
  const [result, output, context] = [
    members.get('result'),
    members.get('output')?.value,
    members.get('context')?.value,
  ];
  return {
    status,
    ...(result && { result }),
    ...(typeof output === 'string' && { output }),
    ...(isObject(context) && { context: readContext(context) }),
    ...(status === 'failed' && { error: readReason(members, NO_REASON) }),
  };
}

/** The error of an answer with 4xx: the envelope itself, or `error` in it, or at least its `message`. */
function readRefusal(json: JsonText, plain: ExecutionError): ExecutionError {
  const members = json.members();
  return (
    readError(json) ?? readReason(members, { ...plain, message: readText(members.get('message')) ?? plain.message })
  );
}

/** `error` as an object or as text, with `error_detail` beside it. What is missing comes from `otherwise`. */
function readReason(members: Members, otherwise: ExecutionError): ExecutionError {
  const [error, detail] = [members.get('error'), members.get('error_detail')];
  const object = [detail, error].find((part) => isObject(part?.value));
  const plain = { ...otherwise, message: readText(object === error ? undefined : error) ?? otherwise.message };
  if (object === undefined) return plain;
  const names = object.members();
  if (ERROR_MEMBERS.some((name) => names.has(name))) return readError(object, plain) ?? plain;
  const message = readText(error) ?? readText(object);
  return message === undefined ? plain : { ...plain, message, details: object };
}

/**
 * `{code, message, details?}` of an envelope, or of an AI Bridge message. `otherwise` stands for a code or a message that cannot
 * be read; without it, undefined is returned for an object without a code.
 */
function readError(json: JsonText, otherwise?: ExecutionError): ExecutionError | undefined {
  if (!isObject(json.value)) return undefined;
  const code = readCode(json.value.code) ?? otherwise?.code;
  if (code === undefined) return undefined;
  const members = json.members();
  const details = members.get('details');
  const message = readText(members.get('message')) ?? otherwise?.message ?? '';
  return { code, message, ...(details && { details }) };
}

function readCode(code: unknown): ExecutionError['code'] | undefined {
  if (typeof code === 'string') return shorten(code, LONGEST_CODE);
  // JSON.parse turns 1e400 into Infinity, which cannot be written as JSON.
  return Number.isFinite(code) ? Number(code) : undefined;
}

/** A text, or another value as JSON, so that nothing that a Skill says of an error is lost. Empty values say nothing. */
function readText(json: JsonText | undefined): string | undefined {
  if (json === undefined) return undefined;
  const { value } = json;
  const isEmpty = isObject(value) || Array.isArray(value) ? Object.keys(value).length === 0 : !value;
  if (isEmpty) return undefined;
  return shorten(typeof value === 'string' ? value : json.text.trim(), LONGEST_MESSAGE);
}

/** Cuts no pair of surrogates in two. Half a pair that the Skill sent stays. */
function shorten(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}

function readContext(context: Record<string, unknown>): Record<string, string | null> {
  const entries = Object.entries(context).filter(
    (entry): entry is [string, string | null] => entry[1] === null || typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}
