import { isObject, readForeignJson } from '#common';
import { PROBE_RESULTS, type ProbeResult } from '#skills';

/** The result of one probe. The reason is a text of this service, never one of the endpoint. */
export interface Verdict {
  result: ProbeResult;
  reason: string | null;
}

/**
 * The words of this service, of the draft "Health Check Response Format for HTTP APIs" (pass, warn, fail and their aliases), Spring
 * Boot Actuator, MicroProfile Health (UP, DOWN), Consul (passing, critical), ASP.NET Core (Healthy, Degraded) and Terminus (error).
 */
const WORDS: Readonly<Record<ProbeResult, readonly string[]>> = {
  healthy: ['healthy', 'ok', 'up', 'pass', 'passing'],
  warning: ['warning', 'warn', 'degraded'],
  unhealthy: [
    'unhealthy',
    'down',
    'out_of_service',
    'fail',
    'failing',
    'error',
    'critical',
    'maintenance',
    'shutting_down',
  ],
};
const RESULTS: ReadonlyMap<string, ProbeResult> = new Map(
  PROBE_RESULTS.flatMap((result) => WORDS[result].map((word) => [word, result] as const)),
);
const LONGEST_WORD = Math.max(...[...RESULTS.keys()].map((word) => word.length));

/** What a body says of the health: a JSON object with a `status`, or only a word. Undefined if it says nothing known. */
export function readHealth(body: Buffer): Verdict | undefined {
  const { value } = readForeignJson(body);
  const said = isObject(value) ? findStatus(value) : (value ?? readText(body));
  if (typeof said !== 'string' || said.length > LONGEST_WORD) return undefined;
  const word = said.toLowerCase();
  const result = RESULTS.get(word);
  return result && { result, reason: result === 'healthy' ? null : `it says that it is "${word}"` };
}

/** Servers that were not written for JavaScript write `Status`. */
function findStatus(value: Record<string, unknown>): unknown {
  return value.status ?? value.Status;
}

function readText(body: Buffer): string {
  // More than blanks around one word need not be read.
  return body.length > 4 * LONGEST_WORD ? '' : body.toString('utf8').trim();
}
