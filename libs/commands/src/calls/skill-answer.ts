import { isObject, readForeignJson } from '#common';
import type { ExecutionError } from '../executions/execution.entity.js';
import { TryError } from './try-error.js';

/** What a Skill says of a call that it has carried out. */
export interface SkillAnswer {
  status: 'success' | 'failed';
  result?: unknown;
  output?: string;
  error?: ExecutionError;
  /** What it puts into the context of the channel; null takes a key away. */
  context?: Record<string, string | null>;
}

type Json = Record<string, unknown>;

/** What becomes of an answer that could be neither kept nor passed on. Nobody tries again: the Skill has done its part. */
export function tooLargeAnswer(fault: string): SkillAnswer {
  return { status: 'failed', error: { code: 5000, message: `The answer of the Skill ${fault}` } };
}

const LONGEST_MESSAGE = 1024;
/** Of the answers with an error, those that another endpoint may not give. */
const RETRYABLE = new Set([408, 425, 429]);

/**
 * Reads the answer to `POST /api/v1/commands/execute` (protocol.md sections 3 and 6). An error that the Skill means for
 * its caller is an answer; one that says no more than that this endpoint cannot serve is none.
 * @throws TryError
 */
export function readAnswer(status: number, body: Buffer): SkillAnswer {
  const { value, tooLarge } = readForeignJson(body);
  const json = isObject(value) ? value : undefined;
  if (status >= 500 || RETRYABLE.has(status)) {
    throw new TryError('error-answer', `the endpoint answered ${status}`, true, json && readError(json));
  }
  if (status >= 400) return { status: 'failed', error: (json && readError(json)) ?? plainError(status) };
  if (status < 200 || status >= 300) throw new TryError('bad-answer', `the endpoint answered ${status}`, true);
  if (tooLarge !== undefined) return tooLargeAnswer(tooLarge);
  if (json === undefined)
    throw new TryError('bad-answer', 'the endpoint answered something that is no JSON object', true);
  if (json.code !== 0) {
    const error = readError(json);
    if (error) return { status: 'failed', error };
    throw new TryError('bad-answer', 'the endpoint answered an envelope without a code', true);
  }
  return readExecution(isObject(json.data) ? json.data : {});
}

/** `{status, result?, output?, error?, context?}`. @throws TryError */
export function readExecution({ status, result, output, error, context }: Json): SkillAnswer {
  if (status !== 'success' && status !== 'failed') {
    throw new TryError('bad-answer', 'the endpoint answered neither success nor failed', true);
  }
  return {
    status,
    ...(result !== undefined && { result }),
    ...(typeof output === 'string' && { output }),
    ...(isObject(context) && { context: readContext(context) }),
    ...(status === 'failed' && {
      error: (isObject(error) ? readError(error) : undefined) ?? { code: 5000, message: 'The Skill gave no reason' },
    }),
  };
}

/** `{code, message, details?}` of an envelope, or of an AI Bridge message. */
function readError({ code, message, details }: Json): ExecutionError | undefined {
  // 1e400 is infinite once it is read, and JSON has no such number.
  if (!Number.isFinite(code) && typeof code !== 'string') return undefined;
  return {
    code: typeof code === 'string' ? code.slice(0, 64) : (code as number),
    message: typeof message === 'string' ? message.slice(0, LONGEST_MESSAGE) : '',
    ...(details !== undefined && { details }),
  };
}

function plainError(status: number): ExecutionError {
  return { code: status, message: `The Skill answered ${status}` };
}

function readContext(context: Json): Record<string, string | null> {
  const entries = Object.entries(context).filter(
    (entry): entry is [string, string | null] => entry[1] === null || typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}
