import { readForeignJson } from '#common';
import { OutboundError } from '#outbound';
import type { ProbeResult } from '#skills';

/** What one probe says of an endpoint. The reason is ours: nothing that an endpoint wrote, which may be anything. */
export interface Verdict {
  result: ProbeResult;
  reason: string | null;
}

/** Bytes of an answer that are read. */
export const MAX_ANSWER_BYTES = 64 * 1024;

const MEANINGS: ReadonlyMap<string, ProbeResult> = new Map([
  // The last of each are those of the draft "Health Check Response Format for HTTP APIs".
  ...['healthy', 'ok', 'up', 'pass'].map((word) => [word, 'healthy'] as const),
  ...['warning', 'degraded', 'warn'].map((word) => [word, 'warning'] as const),
  ...['unhealthy', 'down', 'fail'].map((word) => [word, 'unhealthy'] as const),
]);

/** `isChosen`: whether somebody said that health is asked for at this path. */
export function judgeAnswer(status: number, body: Buffer, isChosen: boolean): Verdict {
  if (status >= 200 && status < 300) return verdictOfBody(status, body);
  // A server that knows no such path answers, and nobody has promised that it knows one.
  if (!isChosen && (status === 404 || status === 405)) {
    return { result: 'healthy', reason: `it answers, with ${status}: it has no health check` };
  }
  if (status >= 300 && status < 400) return failure(`it answers ${status}, and redirects are not followed`);
  return failure(`it answers ${status}`);
}

/** Of a probe without an answer; undefined when that is nobody's fault but ours. */
export function judgeError({ kind, status }: OutboundError, timeoutMs: number): Verdict | undefined {
  switch (kind) {
    case 'cancelled':
      return undefined;
    case 'forbidden':
      return failure('its address must not be called from here (OUTBOUND_ALLOWED_CIDRS)');
    case 'unresolved':
      return failure('its name leads to no address');
    case 'refused':
      return failure('no connection could be made');
    case 'reset-before-answer':
      return failure('it ended the connection without an answer');
    case 'broken-answer':
      return failure('it ended the connection in the middle of its answer');
    case 'too-large':
      return failure(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    case 'timeout':
      return failure(`no whole answer within ${timeoutMs} ms`);
    case 'malformed':
      return failure(status === undefined ? 'its answer cannot be read' : `it answers ${status} to an upgrade`);
  }
}

/** Of an endpoint that cannot be probed at all. */
export function failure(reason: string): Verdict {
  return { result: 'unhealthy', reason };
}

function verdictOfBody(status: number, body: Buffer): Verdict {
  const said = statusIn(body);
  if (said === undefined) return { result: 'warning', reason: `it answers ${status} without a JSON object` };
  const word = typeof said === 'string' ? said.toLowerCase() : '';
  const result = MEANINGS.get(word);
  if (result === undefined) {
    return { result: 'warning', reason: `it answers ${status} with a JSON object without a known status` };
  }
  return { result, reason: result === 'healthy' ? null : `it says that it is "${word}"` };
}

/** Null when the object says none; undefined when there is no object. */
function statusIn(body: Buffer): unknown {
  const parsed = readForeignJson(body).value;
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  return (parsed as { status?: unknown }).status ?? null;
}
