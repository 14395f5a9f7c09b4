import { setTimeout as delay } from 'node:timers/promises';
import { type AppSettings, parsePairs, type TracingSettings } from '#config';
import { newId } from '#common';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { Tracing } from '../tracer.js';
import { CountingExporter } from './counting-exporter.js';
import { createExporter, type OpenAgent } from './create-exporter.js';
import { createSampler } from './create-sampler.js';
import { SdkTracer } from './sdk-tracer.js';
import { SpanBatches } from './span-batches.js';
import { SentIds } from './sent-ids.js';

/** Characters of an attribute. */
const MAX_TEXT = 4_096;

/** OpenTelemetry's SDK for this tracer only: it registers nothing globally, and patches nothing. */
export async function startSdk(
  url: string,
  settings: TracingSettings,
  app: Pick<AppSettings, 'name' | 'version'>,
  openAgent: OpenAgent,
): Promise<Tracing> {
  const ids = new SentIds();
  const exporter = new CountingExporter(await createExporter(url, settings, openAgent));
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': app.name,
        'service.version': app.version,
        'service.instance.id': newId(),
        ...parsePairs(settings.resourceAttributes),
        ...(settings.serviceName !== undefined && { 'service.name': settings.serviceName }),
      }),
    ),
    sampler: createSampler(settings),
    idGenerator: ids,
    spanLimits: { attributeValueLengthLimit: MAX_TEXT },
    spanProcessors: [new SpanBatches(exporter, settings)],
  });
  return {
    tracer: new SdkTracer(provider.getTracer('ooder-skill', app.version), ids),
    counts: exporter.counts,
    stop: async (withinMs) => {
      // The exporter has logged why.
      const stopped = provider.shutdown().catch(() => undefined);
      await Promise.race([stopped, delay(withinMs, undefined, { ref: false })]);
    },
  };
}
