import { pairsOf, type TracingSettings } from '#config';
import type { AgentOf } from '../tracing.js';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

/** The exporter of OTEL_EXPORTER_OTLP_PROTOCOL. Everything that we have a setting for is told to it, not left to it. */
export async function exporterOf(
  url: string,
  { protocol, headers, timeout }: Pick<TracingSettings, 'protocol' | 'headers' | 'timeout'>,
  agentOf: AgentOf,
): Promise<SpanExporter> {
  const options = { url, headers: pairsOf(headers), timeoutMillis: timeout, httpAgentOptions: () => agentOf(url) };
  if (protocol === 'http/json') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
    return new OTLPTraceExporter(options);
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(options);
}
