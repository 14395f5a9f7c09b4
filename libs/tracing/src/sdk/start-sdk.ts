import { setTimeout as delay } from 'node:timers/promises';
import { type AppSettings, pairsOf, type TracingSettings } from '#config';
import { newId } from '#common';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { AgentOf, Tracing } from '../tracing.js';
import { exporterOf } from './exporter-of.js';
import { samplerOf } from './sampler-of.js';
import { SdkTracer } from './sdk-tracer.js';
import { SpanQueue } from './span-queue.js';
import { ToldIds } from './told-ids.js';

/** Characters of an attribute. */
const MAX_TEXT = 4_096;

/** OpenTelemetry's SDK, for this tracer alone: nothing global is registered, nothing is patched. */
export async function startSdk(
  url: string,
  settings: TracingSettings,
  app: Pick<AppSettings, 'name' | 'version'>,
  agentOf: AgentOf,
): Promise<Tracing> {
  const ids = new ToldIds();
  const queue = new SpanQueue(await exporterOf(url, settings, agentOf), settings);
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': app.name,
        'service.version': app.version,
        'service.instance.id': newId(),
        ...pairsOf(settings.resourceAttributes),
        ...(settings.serviceName !== undefined && { 'service.name': settings.serviceName }),
      }),
    ),
    sampler: samplerOf(settings),
    idGenerator: ids,
    spanLimits: { attributeValueLengthLimit: MAX_TEXT },
    spanProcessors: [queue],
  });
  return {
    tracer: new SdkTracer(provider.getTracer('ooder-skill', app.version), ids),
    counts: queue.counts,
    stop: async (withinMs) => {
      // What cannot be sent has been told of by the queue.
      const stopped = provider.shutdown().catch(() => undefined);
      await Promise.race([stopped, delay(withinMs, undefined, { ref: false })]);
    },
  };
}
