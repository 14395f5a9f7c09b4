import type { Agent } from 'node:http';
import { parsePairs, type TracingSettings } from '#config';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

/** Opens the connections to the collector. This room stands below the one that knows which addresses may be called. */
export type OpenAgent = (url: string) => Agent;

/** The exporter of OTEL_EXPORTER_OTLP_PROTOCOL. All settings are passed: it reads no environment variable itself. */
export async function createExporter(
  url: string,
  { protocol, headers, timeout }: Pick<TracingSettings, 'protocol' | 'headers' | 'timeout'>,
  openAgent: OpenAgent,
): Promise<SpanExporter> {
  const options = { url, headers: parsePairs(headers), timeoutMillis: timeout, httpAgentOptions: () => openAgent(url) };
  if (protocol === 'http/json') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
    return new OTLPTraceExporter(options);
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(options);
}
