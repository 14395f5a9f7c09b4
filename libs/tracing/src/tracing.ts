import type { Agent } from 'node:http';
import type { AppSettings, TracingSettings } from '#config';
import type { Tracer } from './tracer.js';

/** What became of spans, since the start of the process. */
export interface SpanCounts {
  readonly exported: number;
  /** The collector did not take them. */
  readonly failed: number;
  /** Too many waited for the collector. */
  readonly dropped: number;
}

/** Tracing that is on. */
export interface Tracing {
  readonly tracer: Tracer;
  readonly counts: SpanCounts;
  /** Sends what waits, for so many milliseconds at most; spans that end later are lost. */
  stop(withinMs: number): Promise<void>;
}

/** Opens the connections to the collector. This room stands below the one that knows which addresses may be called. */
export type AgentOf = (url: string) => Agent;

/** Undefined without a collector in the settings: then nothing of OpenTelemetry is so much as loaded. */
export async function startTracing(
  settings: TracingSettings,
  app: Pick<AppSettings, 'name' | 'version'>,
  agentOf: AgentOf,
): Promise<Tracing | undefined> {
  const { url } = settings;
  if (url === undefined) return undefined;
  const { startSdk } = await import('./sdk/start-sdk.js');
  return startSdk(url, settings, app, agentOf);
}
