import { isObject, readForeignJson } from '#common';
import { OutboundError } from '#outbound';
import { PROBE_RESULTS, type ProbeResult } from '#skills';

/** The result of one probe. The reason is a text of this service, never one of the endpoint. */
export interface Verdict {
  result: ProbeResult;
  reason: string | null;
}

/** The longest answer in bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** The last word of each is from the draft "Health Check Response Format for HTTP APIs". */
const WORDS: Readonly<Record<ProbeResult, readonly string[]>> = {
  healthy: ['healthy', 'ok', 'up', 'pass'],
  warning: ['warning', 'degraded', 'warn'],
  unhealthy: ['unhealthy', 'down', 'fail'],
};

/** `isChosen`: whether the endpoint names this health path itself. */
export function judgeAnswer(status: number, body: Buffer, isChosen: boolean): Verdict {
  if (status >= 200 && status < 300) return judgeBody(status, body);
  // Without a health path of its own, an endpoint need not know the default path.
  if (!isChosen && (status === 404 || status === 405)) {
    return { result: 'healthy', reason: `it answers, with ${status}: it has no health check` };
  }
  if (status >= 300 && status < 400) return failure(`it answers ${status}, and redirects are not followed`);
  return failure(`it answers ${status}`);
}

/** Returns undefined if the probe was cancelled, which says nothing about the endpoint. */
export function judgeError({ kind, status }: OutboundError, timeoutMs: number): Verdict | undefined {
  switch (kind) {
    case 'cancelled':
      return undefined;
    case 'forbidden':
      return failure('its address must not be called from here (OUTBOUND_ALLOWED_CIDRS)');
    case 'unresolved':
      return failure('its host name has no address');
    case 'refused':
      return failure('no connection could be made');
    case 'reset-before-answer':
      return failure('it ended the connection without an answer');
    case 'broken-answer':
      return failure('it ended the connection in the middle of its answer');
    case 'too-large':
      return failure(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    case 'timeout':
      return failure(`no complete answer within ${timeoutMs} ms`);
    case 'malformed':
      return failure(status === undefined ? 'its answer cannot be read' : `it answers ${status} to an upgrade`);
  }
}

/** An endpoint that did not answer, or cannot be probed. */
export function failure(reason: string): Verdict {
  return { result: 'unhealthy', reason };
}

function judgeBody(status: number, body: Buffer): Verdict {
  const { value } = readForeignJson(body);
  if (!isObject(value)) return { result: 'warning', reason: `it answers ${status} without a JSON object` };
  const word = typeof value.status === 'string' ? value.status.toLowerCase() : '';
  const result = PROBE_RESULTS.find((known) => WORDS[known].includes(word));
  if (result === undefined) {
    return { result: 'warning', reason: `it answers ${status} with a JSON object without a known status` };
  }
  return { result, reason: result === 'healthy' ? null : `it says that it is "${word}"` };
}
