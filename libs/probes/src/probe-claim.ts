import type { ProbesSettings } from '#config';
import {
  appendQuery,
  type EndpointProtocol,
  listUnreadable,
  READ_PARAMETERS,
  readParameter,
  type SkillSecrets,
  urlBelow,
} from '#skills';
import type { Expectation } from './calls/verdict.js';
import type { ProbedHealth } from './results/hysteresis.js';

/** An endpoint that only this replica probes now. */
export interface ProbeClaim extends ProbedHealth {
  endpointId: string;
  skillId: string;
  url: string;
  protocol: EndpointProtocol;
  /** The parameters that probes use, as stored. */
  parameters: { key: string; value: string; secret: boolean }[];
  /** Whether it has, or had, a lease: then the lease decides its health. */
  leased: boolean;
  /** Whether it was never probed before. */
  isFirst: boolean;
  /** Identifies the claim in the database. */
  token: string;
}

/** How an endpoint is probed. */
export interface ProbeTarget {
  url: string;
  isWebSocket: boolean;
  method: 'GET' | 'HEAD';
  headers: Record<string, string>;
  /** `tls_ca`: the only CAs to trust, in PEM. */
  ca: string | undefined;
  timeoutMs: number;
  expected: Expectation;
  /** Parameters that older releases accepted, and that cannot be used. */
  unreadable: string[];
}

/** Parameters of endpoints that probes use beside `query.KEY` (protocol.md section 6), and those that they check. */
export const PROBE_PARAMETERS = ['health_path', 'invoke_path', 'authorization', ...READ_PARAMETERS] as const;
const HEALTH_PATH = '/health';

/** @throws SecretUnreadableError */
export function readProbeTarget(
  { endpointId, url, protocol, parameters }: ProbeClaim,
  secrets: SkillSecrets,
  { timeout, maxTimeout }: Pick<ProbesSettings, 'timeout' | 'maxTimeout'>,
): ProbeTarget {
  const values = secrets.revealed('endpoint_params', endpointId, parameters);
  const { health_path: path, invoke_path: called, authorization } = values;
  const isWebSocket = protocol === 'ws' || protocol === 'wss';
  // A WebSocket is opened at the url that calls use.
  const asked = path ?? (isWebSocket ? called : HEALTH_PATH);
  const own = readParameter(values, 'health_timeout_ms');
  const statuses = readParameter(values, 'health_status');
  const text = readParameter(values, 'health_body');
  return {
    url: appendQuery(asked === undefined ? url : urlBelow(url, asked), values),
    isWebSocket,
    method: readParameter(values, 'health_method') ?? 'GET',
    headers: authorization === undefined ? {} : { authorization },
    ca: readParameter(values, 'tls_ca'),
    timeoutMs: own === undefined ? timeout : Math.min(own, Math.max(timeout, maxTimeout)),
    expected: { statuses, text, isChosen: path !== undefined || statuses !== undefined || text !== undefined },
    unreadable: listUnreadable(values),
  };
}
