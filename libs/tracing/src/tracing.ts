import type { AppSettings, TracingSettings } from '#config';
import type { OpenAgent } from './sdk/create-exporter.js';
import type { Tracing } from './tracer.js';

/** Undefined without a collector in the settings: then OpenTelemetry is not even loaded. */
export async function startTracing(
  settings: TracingSettings,
  app: Pick<AppSettings, 'name' | 'version'>,
  openAgent: OpenAgent,
): Promise<Tracing | undefined> {
  const { url } = settings;
  if (url === undefined) return undefined;
  const { startSdk } = await import('./sdk/start-sdk.js');
  return startSdk(url, settings, app, openAgent);
}
