import { isObject, readForeignJson } from '#common';
import type { ExecutionError } from '../executions/execution.entity.js';
import { TryError } from './try-error.js';

/** The answer of a Skill that has made the call. */
export interface SkillAnswer {
  status: 'completed' | 'failed';
  result?: unknown;
  output?: string;
  error?: ExecutionError;
  /** Changes of the context of the channel; null removes a key. */
  context?: Record<string, string | null>;
}

type Json = Record<string, unknown>;

/** The result of a call whose answer is too large to be parsed. It is not retried: the Skill has made the call. */
export function tooLargeAnswer(fault: string): SkillAnswer {
  return { status: 'failed', error: { code: 5000, message: `The answer of the Skill ${fault}` } };
}

const LONGEST_MESSAGE = 1024;
const NO_REASON: ExecutionError = { code: 5000, message: 'The Skill gave no reason' };
/** What Skills call it, in any letter case. `success` is the word of AI Bridge messages, and of earlier releases. */
const STATUSES: ReadonlyMap<string, SkillAnswer['status']> = new Map([
  ['completed', 'completed'],
  ['success', 'completed'],
  ['failed', 'failed'],
]);
/** Client errors after which another endpoint is tried. */
const RETRYABLE = new Set([408, 425, 429]);

/**
 * Reads the answer to `POST /api/v1/commands/execute` (protocol.md sections 3 and 6). An error for the caller is an answer.
 * @throws TryError if the answer means that this endpoint cannot serve, or is not valid
 */
export function readAnswer(status: number, body: Buffer): SkillAnswer {
  const { value, tooLarge } = readForeignJson(body);
  const json = isObject(value) ? value : undefined;
  if (status >= 500 || RETRYABLE.has(status)) {
    throw new TryError('error-answer', `the endpoint answered ${status}`, true, json && readError(json));
  }
  if (status >= 400) return { status: 'failed', error: readRefusal(json ?? {}, status) };
  if (status < 200 || status >= 300) throw new TryError('bad-answer', `the endpoint answered ${status}`, true);
  if (tooLarge !== undefined) return tooLargeAnswer(tooLarge);
  if (json === undefined) throw new TryError('bad-answer', 'the endpoint did not answer with a JSON object', true);
  if (json.code !== 0) {
    const error = readError(json);
    if (error) return { status: 'failed', error };
    throw new TryError('bad-answer', 'the endpoint answered with an envelope without a code', true);
  }
  return readExecution(isObject(json.data) ? json.data : {});
}

/** `{status, result?, output?, error?, error_detail?, context?}`. @throws TryError */
export function readExecution({ result, output, context, ...answer }: Json): SkillAnswer {
  const status = typeof answer.status === 'string' ? STATUSES.get(answer.status.toLowerCase()) : undefined;
  if (status === undefined) {
    throw new TryError('bad-answer', 'the status in the answer is neither completed nor failed', true);
  }
  return {
    status,
    ...(result !== undefined && { result }),
    ...(typeof output === 'string' && { output }),
    ...(isObject(context) && { context: readContext(context) }),
    ...(status === 'failed' && { error: readReason(answer, NO_REASON) }),
  };
}

/** The error of an answer with 4xx: the envelope itself, or `error` in it. */
function readRefusal(json: Json, status: number): ExecutionError {
  return readError(json) ?? readReason(json, { code: status, message: `The Skill answered ${status}` });
}

/** `error` as an object or as text, with `error_detail` beside it. What is missing comes from `otherwise`. */
function readReason({ error, error_detail }: Json, otherwise: ExecutionError): ExecutionError {
  const message = typeof error === 'string' && error !== '' ? error.slice(0, LONGEST_MESSAGE) : otherwise.message;
  const plain = { ...otherwise, message };
  return readError({ ...plain, ...[error_detail, error].find(isObject) }) ?? plain;
}

/** `{code, message, details?}` of an envelope, or of an AI Bridge message. */
function readError({ code, message, details }: Json): ExecutionError | undefined {
  // JSON.parse turns 1e400 into Infinity, which cannot be written as JSON.
  if (!Number.isFinite(code) && typeof code !== 'string') return undefined;
  return {
    code: typeof code === 'string' ? code.slice(0, 64) : (code as number),
    message: typeof message === 'string' ? message.slice(0, LONGEST_MESSAGE) : '',
    ...(details !== undefined && { details }),
  };
}

function readContext(context: Json): Record<string, string | null> {
  const entries = Object.entries(context).filter(
    (entry): entry is [string, string | null] => entry[1] === null || typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}
