import { type EndpointProtocol, type SkillSecrets, urlBelow } from '#skills';
import type { ProbedHealth } from './results/hysteresis.js';

/** An endpoint that this replica probes now, and no other. */
export interface ProbeClaim extends ProbedHealth {
  endpointId: string;
  skillId: string;
  url: string;
  protocol: EndpointProtocol;
  /** Its parameters that matter to probes, as stored. */
  parameters: { key: string; value: string; secret: boolean }[];
  /** Whether it holds a lease, or held one: its health is that of its lease. */
  leased: boolean;
  /** Proves to the database that the claim still holds. */
  token: string;
}

/** How an endpoint is probed. */
export interface ProbeTarget {
  url: string;
  isWebSocket: boolean;
  /** Whether the path is one that somebody chose. */
  isChosen: boolean;
  headers: Record<string, string>;
}

/** Parameters of endpoints that probes look at (protocol.md section 6). */
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
  // A WebSocket is opened where calls would open it.
  const asked = path ?? (isWebSocket ? called : HEALTH_PATH);
  return {
    url: asked === undefined ? url : urlBelow(url, asked),
    isWebSocket,
    isChosen: path !== undefined,
    headers: authorization === undefined ? {} : { authorization },
  };
}
