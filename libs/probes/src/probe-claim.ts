import { type EndpointProtocol, type SkillSecrets, urlBelow } from '#skills';
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
  /** Identifies the claim in the database. */
  token: string;
}

/** How an endpoint is probed. */
export interface ProbeTarget {
  url: string;
  isWebSocket: boolean;
  /** Whether the endpoint names its health path itself. */
  isChosen: boolean;
  headers: Record<string, string>;
}

/** Parameters of endpoints that probes use (protocol.md section 6). */
export const PROBE_PARAMETERS = ['health_path', 'invoke_path', 'authorization'] as const;
const HEALTH_PATH = '/health';

/** @throws SecretUnreadableError */
export function readProbeTarget(
  { endpointId, url, protocol, parameters }: ProbeClaim,
  secrets: SkillSecrets,
): ProbeTarget {
  const values = secrets.revealed('endpoint_params', endpointId, parameters);
  const { health_path: path, invoke_path: called, authorization } = values;
  const isWebSocket = protocol === 'ws' || protocol === 'wss';
  // A WebSocket is opened at the url that calls use.
  const asked = path ?? (isWebSocket ? called : HEALTH_PATH);
  return {
    url: asked === undefined ? url : urlBelow(url, asked),
    isWebSocket,
    isChosen: path !== undefined,
    headers: authorization === undefined ? {} : { authorization },
  };
}
