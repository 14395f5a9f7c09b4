import { registerAs } from '@nestjs/config';
import { IsBoolean, IsIn, IsInt, IsNumber, Length, Matches, Max, Min } from 'class-validator';
import { EachIs } from './each-is.js';
import { IsParsableUrl } from './parsable-url.js';
import { Setting, type SettingFault } from './setting.js';

const OTLP_PROTOCOLS = ['http/protobuf', 'http/json'] as const;
export type OtlpProtocol = (typeof OTLP_PROTOCOLS)[number];

const TRACE_SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type TraceSampler = (typeof TRACE_SAMPLERS)[number];

const WHOLE_MS = { message: 'must be a whole number of milliseconds' };
const COLLECTOR_URL = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/;
const NO_COLLECTOR_URL = { message: 'must be an http or https URL without query and credentials' };

/**
 * Traces by OpenTelemetry, under the names and with the defaults of its specification ("SDK configuration", "OTLP
 * Exporter Configuration"). Unlike there, traces are off until a URL is set.
 */
export class TracingSettings {
  /** URL of the collector; `/v1/traces` is added to it. */
  @Setting('OTEL_EXPORTER_OTLP_ENDPOINT', { example: 'http://localhost:4318' })
  @Matches(COLLECTOR_URL, NO_COLLECTOR_URL)
  @IsParsableUrl()
  endpoint?: string;

  /** Full URL for traces; has priority over the URL of the collector. */
  @Setting('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', { example: 'http://localhost:4318/v1/traces' })
  @Matches(COLLECTOR_URL, NO_COLLECTOR_URL)
  @IsParsableUrl()
  tracesEndpoint?: string;

  @Setting('OTEL_TRACES_EXPORTER', { example: 'otlp' })
  @IsIn(['otlp', 'none'], { message: 'must be otlp or none' })
  exporter: string = 'otlp';

  @Setting('OTEL_SDK_DISABLED', { example: 'false' })
  @IsBoolean({ message: 'must be true or false' })
  isDisabled: boolean = false;

  @Setting('OTEL_EXPORTER_OTLP_PROTOCOL', { example: 'http/protobuf' })
  @IsIn(OTLP_PROTOCOLS, { message: `must be one of ${OTLP_PROTOCOLS.join(', ')}` })
  protocol: OtlpProtocol = 'http/protobuf';

  /** Headers of every request to the collector; may contain its key. */
  @Setting('OTEL_EXPORTER_OTLP_HEADERS', { example: 'api-key=...' })
  @EachIs(
    (item) => isPair(item, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
    'must be pairs NAME=VALUE of header names and percent-encoded values, separated by commas',
  )
  headers: string[] = [];

  /** Milliseconds for one request to the collector, including retries. */
  @Setting('OTEL_EXPORTER_OTLP_TIMEOUT', { example: '10000' })
  @IsInt(WHOLE_MS)
  @Min(100, { message: 'must not be under 100' })
  @Max(60_000, { message: 'must not be over 60000' })
  timeout: number = 10_000;

  /** Default: APP_NAME. */
  @Setting('OTEL_SERVICE_NAME', { example: 'ooder-skill' })
  @Length(1, 255, { message: 'must have 1 to 255 characters' })
  serviceName?: string;

  /** Further attributes of this process (`deployment.environment.name`, ...). */
  @Setting('OTEL_RESOURCE_ATTRIBUTES', { example: 'deployment.environment.name=production' })
  @EachIs(
    (item) => isPair(item, /^[^\s=]{1,255}$/),
    'must be pairs NAME=VALUE with percent-encoded values, separated by commas',
  )
  resourceAttributes: string[] = [];

  @Setting('OTEL_TRACES_SAMPLER', { example: 'parentbased_traceidratio' })
  @IsIn(TRACE_SAMPLERS, { message: `must be one of ${TRACE_SAMPLERS.join(', ')}` })
  sampler: TraceSampler = 'parentbased_always_on';

  /** Share of traces that the ratio samplers keep. */
  @Setting('OTEL_TRACES_SAMPLER_ARG', { example: '0.1' })
  @IsNumber({}, { message: 'must be a number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(1, { message: 'must not be over 1' })
  samplerRatio: number = 1;

  /** Spans that wait for the collector; more are dropped. */
  @Setting('OTEL_BSP_MAX_QUEUE_SIZE', { example: '2048' })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must not be under 1' })
  @Max(100_000, { message: 'must not be over 100000' })
  maxQueueSize: number = 2048;

  /** Spans in one request to the collector. */
  @Setting('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', { example: '512' })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must not be under 1' })
  @Max(10_000, { message: 'must not be over 10000' })
  maxBatchSize: number = 512;

  /** Milliseconds until an incomplete batch of spans is sent. */
  @Setting('OTEL_BSP_SCHEDULE_DELAY', { example: '5000' })
  @IsInt(WHOLE_MS)
  @Min(10, { message: 'must not be under 10' })
  @Max(60_000, { message: 'must not be over 60000' })
  scheduleDelay: number = 5000;

  /** URL for traces; undefined if tracing is off. */
  get url(): string | undefined {
    if (this.isDisabled || this.exporter === 'none') return undefined;
    return this.tracesEndpoint ?? (this.endpoint && `${this.endpoint.replace(/\/$/, '')}/v1/traces`);
  }
}

export const tracingSettings = registerAs('tracing', () => new TracingSettings());

/** W3C Baggage, as the specification has lists of pairs: values are percent-encoded. Of settings that were checked. */
export function parsePairs(items: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    items.map((item) => {
      const at = item.indexOf('=');
      return [item.slice(0, at).trim(), decodeURIComponent(item.slice(at + 1).trim())];
    }),
  );
}

export function checkTracing({ maxQueueSize, maxBatchSize }: TracingSettings, faults: SettingFault[]): void {
  if (maxBatchSize <= maxQueueSize) return;
  faults.push({
    variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    problem: 'must not be over OTEL_BSP_MAX_QUEUE_SIZE',
    example: String(maxQueueSize),
  });
}

function isPair(item: string, name: RegExp): boolean {
  const at = item.indexOf('=');
  if (at < 1 || !name.test(item.slice(0, at).trim())) return false;
  try {
    // Valid characters of a header (RFC 9110 section 5.5): a line break would end it, and it has one byte for each character.
    return /^[\t\x20-\x7e\xa0-\xff]*$/.test(decodeURIComponent(item.slice(at + 1)));
  } catch {
    return false;
  }
}
