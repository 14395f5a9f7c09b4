import { OutboundError } from '#outbound';
import type { StatusRange } from '#skills';
import { readHealth, type Verdict } from './health-words.js';

export type { Verdict };

const HEALTHY: Verdict = { result: 'healthy', reason: null };

/** The longest answer in bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** What an endpoint declares about its health check. */
export interface Expectation {
  /** `health_status`; undefined: 200 to 299. */
  statuses: readonly StatusRange[] | undefined;
  /** `health_body`: a text that must occur. */
  text: string | undefined;
  /** Whether the endpoint declares that it has a health check. */
  isChosen: boolean;
}

const SUCCESS: readonly StatusRange[] = [[200, 299]];
/** Without a health check of its own, an endpoint need not know the default path and method, nor let anyone in. */
const SIGNS_OF_LIFE: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 501]);

/** Judges the status code first. Of an expected answer, the body can lower the result, never raise it. */
export function judgeAnswer(status: number, body: Buffer, { statuses, text, isChosen }: Expectation): Verdict {
  if ((statuses ?? SUCCESS).some(([first, last]) => status >= first && status <= last)) {
    if (text === undefined) return readHealth(body) ?? HEALTHY;
    return body.includes(text) ? HEALTHY : failure('its answer does not contain the text of health_body');
  }
  if (!isChosen && SIGNS_OF_LIFE.has(status)) {
    return { result: 'healthy', reason: `it answers, with ${status}: it has no health check` };
  }
  if (status >= 300 && status < 400) return failure(`it answers ${status}, and redirects are not followed`);
  const said = readHealth(body)?.reason;
  return failure(`it answers ${status}${typeof said === 'string' ? `: ${said}` : ''}`);
}

/** Returns undefined if the probe was cancelled, which says nothing about the endpoint. */
export function judgeError({ kind, status, certificate }: OutboundError, timeoutMs: number): Verdict | undefined {
  switch (kind) {
    case 'cancelled':
      return undefined;
    case 'forbidden':
      return failure('its address must not be called from here (OUTBOUND_ALLOWED_CIDRS)');
    case 'unresolved':
      return failure('its host name has no address');
    case 'refused':
      return failure('no connection could be made');
    case 'untrusted':
      return failure(certificate ?? 'its certificate is not trusted');
    case 'reset-before-answer':
      return failure('it ended the connection without an answer');
    case 'broken-answer':
      return failure('it ended the connection in the middle of its answer');
    case 'too-large':
      return failure(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    case 'undecodable':
      return failure('its answer cannot be decoded');
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
