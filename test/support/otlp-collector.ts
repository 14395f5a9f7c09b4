import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Value = { stringValue: string } | { intValue: number | string } | { boolValue: boolean } | { doubleValue: number };
interface Pair {
  key: string;
  value: Value;
}

/** A span as OTLP/JSON has it (opentelemetry-proto, trace.proto). */
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Pair[];
  status: { code?: number };
}

interface OtlpRequest {
  resourceSpans: { resource: { attributes: Pair[] }; scopeSpans: { spans: OtlpSpan[] }[] }[];
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const ERROR = 2;

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  /** Undefined: it is the root of its trace. */
  parentId: string | undefined;
  name: string;
  kind: string;
  isError: boolean;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  /** Milliseconds. */
  tookMs: number;
}

export type SpanReception = (response: ServerResponse) => void;

export const takesSpans: SpanReception = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
};

/** An OTLP/HTTP receiver of traces, as the OpenTelemetry Collector is one; what is no JSON is kept as it came. */
export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  readonly bodies: Buffer[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  readonly paths: string[] = [];
  /** What it does with a request; by default it takes the spans, which nothing else does. */
  reception: SpanReception = takesSpans;
  readonly url: string;

  private constructor(private readonly server: Server) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<OtlpCollector> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        started.headers.push(request.headers);
        started.paths.push(request.url ?? '');
        if (started.reception === takesSpans) started.take(Buffer.concat(chunks), request.headers['content-type']);
        started.reception(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const started = new OtlpCollector(server);
    return started;
  }

  of(traceId: string): CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  /** Everything that it was told. */
  get text(): string {
    return Buffer.concat(this.bodies).toString('latin1');
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private take(body: Buffer, contentType: string | undefined): void {
    this.bodies.push(body);
    if (contentType !== 'application/json') return;
    for (const { resource, scopeSpans } of (JSON.parse(body.toString()) as OtlpRequest).resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          traceId: span.traceId,
          spanId: span.spanId,
          parentId: span.parentSpanId === '' ? undefined : span.parentSpanId,
          name: span.name,
          kind: KINDS[span.kind] ?? String(span.kind),
          isError: span.status.code === ERROR,
          attributes: recordOf(span.attributes),
          resource: recordOf(resource.attributes),
          tookMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
        });
      }
    }
  }
}

function recordOf(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}
