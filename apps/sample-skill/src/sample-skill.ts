import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { createCallerCheck } from './caller-check.js';
import { Executor } from './executor.js';
import { createSkillServer } from './http-server.js';
import { Membership } from './membership.js';
import { type Credentials, RegistryClient } from './registry-client.js';

export interface SampleSkillOptions {
  /** With `/api/v1`. */
  registryUrl: string;
  /** A bearer token, or other `credentials`. */
  token?: string;
  credentials?: Credentials;
  /** 0: a free one. */
  port: number;
  host?: string;
  /** URL for the registry; by default made of host and port. */
  publicUrl?: string;
  name?: string;
  /** By default the registry makes one. */
  skillId?: string;
  version?: string;
  weight?: number;
  /** Milliseconds to serve after draining, because replicas of the registry may still call. */
  drainMs?: number;
  log?: (line: string) => void;
}

/** A running Skill. */
export interface SampleSkill {
  url: string;
  readonly skillId: string;
  /** The registry's ids of the capabilities by name. */
  readonly capabilityIds: ReadonlyMap<string, string>;
  /** Commands that were run, without repetitions. */
  readonly executions: number;
  /** Heartbeats that the registry has accepted. */
  readonly heartbeats: number;
  /** True after `stop` or `kill`, false if a newer registration has replaced this one; rejects if the registry refuses. */
  ended: Promise<boolean>;
  /** Drains, finishes the requests in flight, closes the server and unregisters. */
  stop: () => Promise<void>;
  /** Ends like a killed process: does not unregister. */
  kill: () => Promise<void>;
}

/** Starts the server and registers the Skill. @throws RegistryRefusal */
export async function startSampleSkill(options: SampleSkillOptions): Promise<SampleSkill> {
  const { host = '127.0.0.1', name = 'weather', version = '1.0.0', weight = 1, drainMs = 1_000 } = options;
  const { skillId, log = () => undefined } = options;
  const executor = new Executor();
  const checkCaller = createCallerCheck(options.registryUrl, () => membership.registration?.skillId);
  const server = createSkillServer(executor, version, { log, checkCaller });
  server.listen(options.port, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = options.publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const registry = new RegistryClient(options.registryUrl, options.credentials ?? { token: options.token ?? '' });
  const membership = new Membership(registry, { name, skillId, version, url, weight }, executor, log);
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeIdleConnections();
    await once(server, 'close');
  };
  try {
    await membership.join();
  } catch (error) {
    await close();
    throw error;
  }
  const ended = membership.stay();
  // A caller that ignores `ended` must not end with an unhandled rejection.
  ended.catch(() => undefined);
  return {
    url,
    ended,
    get skillId() {
      return membership.registration?.skillId ?? '';
    },
    get capabilityIds() {
      return new Map([...executor.capabilityNames].map(([id, capability]) => [capability, id]));
    },
    get executions() {
      return executor.executions;
    },
    get heartbeats() {
      return membership.heartbeats;
    },
    // The order is that of docs/heartbeats.md, "Leaving and draining".
    stop: async () => {
      if (await membership.drain()) await delay(drainMs);
      await close();
      membership.abandon();
      await ended.catch(() => undefined);
      await membership.leave();
    },
    kill: async () => {
      membership.abandon();
      server.closeAllConnections();
      await close();
    },
  };
}
