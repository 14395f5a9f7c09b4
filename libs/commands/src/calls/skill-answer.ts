import { isUtf8 } from 'node:buffer';
import { type Fault, isObject, type JsonText, readForeignJson, RepeatedNameError } from '#common';
import type { ExecutionError } from '../executions/execution.entity.js';
import { isEmpty, type Members, readError, readReason, readRefusal } from './skill-error.js';
import { badAnswer, TryError } from './try-error.js';
import { Untaken } from './untaken.js';

/** The answer of a Skill that has made the call. */
export interface SkillAnswer {
  status: 'completed' | 'failed';
  /** As the Skill wrote it; undefined: null. */
  result?: JsonText;
  output?: string;
  error?: ExecutionError;
  /** Changes of the context of the channel, an object; null removes a key. */
  context?: JsonText;
  /** What of the answer was not taken. */
  warnings?: Fault[];
}

/** The result of a call whose answer is too large to be parsed. It is not retried: the Skill has made the call. */
export function tooLargeAnswer(fault: string): SkillAnswer {
  return { status: 'failed', error: { code: 5000, message: `The answer of the Skill ${fault}` } };
}

/** Members of the envelope. The last ones are signs that some servers add. */
const ENVELOPE = new Set(['code', 'message', 'data', 'timestamp', 'trace_id', 'request_id']);
/** Members of `data`. The last ones repeat what the registry knows. */
const EXECUTION = new Set([
  ...['status', 'result', 'output', 'error', 'error_detail', 'context'],
  ...[
    'execution_id',
    'command_id',
    'skill_id',
    'capability_id',
    'capability',
    'channel_id',
    'started_at',
    'completed_at',
  ],
]);
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
    const skillError = json && safely(() => readError(json, new Untaken()));
    const asked = PAUSING.has(status) ? retryAfterMs : 0;
    throw new TryError('error-answer', `the endpoint answered ${status}`, true, skillError, {
      retryAfterMs: asked,
      isBlamed: asked === 0,
      isForCaller: status === 429,
    });
  }
  if (status < 400) throw new TryError('bad-answer', `the endpoint answered ${status}`, true);
  const plain = { code: status, message: `The Skill answered ${status}` };
  const untaken = new Untaken();
  if (json === undefined && body.length > 0) untaken.add('answer', 'is not JSON');
  const error = (json && safely(() => readRefusal(json, plain, untaken), untaken)) ?? plain;
  return { status: 'failed', error, ...untaken.toMember() };
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
  const untaken = new Untaken();
  if (json.value.code === 0) {
    const members = json.members();
    untaken.addUnknown(members, ENVELOPE);
    return readExecution(members.get('data')?.members() ?? new Map(), body, untaken);
  }
  const error = readError(json, untaken);
  if (error === undefined) throw badAnswer('it is not an envelope with a code', body);
  return { status: 'failed', error, ...untaken.toMember() };
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
function safely<T>(read: () => T, untaken = new Untaken()): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RepeatedNameError)) throw error;
    untaken.add('answer', error.message);
    return undefined;
  }
}

/** `{status, result?, output?, error?, error_detail?, context?}`; `source` is the answer. @throws TryError, RepeatedNameError */
export function readExecution(members: Members, source: Buffer, untaken: Untaken): SkillAnswer {
  const word = members.get('status')?.value;
  const status = typeof word === 'string' ? STATUSES.get(word.toLowerCase()) : undefined;
  if (status === undefined) throw badAnswer('its status is neither completed nor failed', source);
  untaken.addUnknown(members, EXECUTION);
  const [result, output, context] = ['result', 'output', 'context'].map((name) => members.get(name));
  if (output && output.value !== null && typeof output.value !== 'string') untaken.add('output', 'must be a text');
  if (context && context.value !== null && !isObject(context.value)) untaken.add('context', 'must be an object');
  if (status === 'completed') addErrors(members, untaken);
  return {
    status,
    ...(result && { result }),
    ...(typeof output?.value === 'string' && { output: output.value }),
    ...(isObject(context?.value) && { context }),
    ...(status === 'failed' && { error: readReason(members, NO_REASON, untaken) }),
    ...untaken.toMember(),
  };
}

/** A call that is completed has no error. */
function addErrors(members: Members, untaken: Untaken): void {
  for (const name of ['error', 'error_detail']) {
    if (!isEmpty(members.get(name)?.value)) untaken.add(name, 'is not taken, because the status is completed');
  }
}
