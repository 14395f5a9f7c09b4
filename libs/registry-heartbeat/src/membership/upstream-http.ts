import { parseForeignJson } from '#common';
import { httpVerdict, traceCall, type Tracer } from '#tracing';

const MAX_ANSWER_BYTES = 2_000_000;

/** The upstream registry is away, or does not answer as the protocol says. The message is for the log. */
export class UpstreamError extends Error {
  constructor(
    message: string,
    /** For anybody to read: without addresses, and without what the upstream says. */
    readonly publicReason = 'the upstream registry does not answer',
    /** Milliseconds that it asks to be left alone. */
    readonly retryAfter = 0,
  ) {
    super(message);
    this.name = 'UpstreamError';
  }
}

/** An answer of whatever kind. */
export interface Reply {
  status: number;
  /** What the body says as JSON; undefined when it is none. */
  body: unknown;
  /** Milliseconds, of a `Retry-After`; 0 without. */
  retryAfter: number;
}

const VERDICT = httpVerdict<Reply>(({ status }) => status);

/** Calls to an upstream that may answer anything, or not at all: bounded in time and size, and never redirected. */
export class UpstreamHttp {
  constructor(
    private readonly timeoutMs: number,
    private readonly tracer?: Tracer,
  ) {}

  /** @throws UpstreamError when no whole answer comes in time. */
  post(
    url: string,
    body: string | URLSearchParams | undefined,
    headers: Record<string, string>,
    timeoutMs = this.timeoutMs,
  ): Promise<Reply> {
    if (this.tracer === undefined) return this.send(url, body, headers, timeoutMs);
    const call = { name: 'POST', url, headers, attributes: { 'http.request.method': 'POST' } };
    return traceCall(this.tracer, call, (traced) => this.send(url, body, traced, timeoutMs), VERDICT);
  }

  private async send(
    url: string,
    body: string | URLSearchParams | undefined,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<Reply> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { accept: 'application/json', ...headers },
        body,
        // A redirect would carry the credentials to somebody else.
        redirect: 'error',
        signal: AbortSignal.timeout(Math.max(1, Math.round(timeoutMs))),
      });
      const text = await textOf(response);
      return {
        status: response.status,
        body: parseForeignJson(text),
        retryAfter: retryAfterOf(response.headers.get('retry-after')),
      };
    } catch (error) {
      throw error instanceof UpstreamError ? error : new UpstreamError(reasonOf(error, timeoutMs));
    }
  }
}

async function textOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new UpstreamError(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
export function retryAfterOf(header: string | null, now = Date.now()): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** `fetch` hides the fault in its cause; of a name with several addresses it is one whose message is empty. */
function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, cause, message } = error as Error;
  if (name === 'TimeoutError') return `no answer within ${Math.round(timeoutMs)} ms`;
  const fault = (cause ?? {}) as NodeJS.ErrnoException;
  return [fault.message, fault.code, message].find((text) => text !== undefined && text !== '') ?? 'unknown fault';
}
