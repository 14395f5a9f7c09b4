import { readForeignJson, readRetryAfter } from '#common';
import { OutboundError, type SettingsClient } from '#outbound';

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

/** Calls to an upstream that may answer anything, or not at all: bounded in time and size, and never redirected. */
export class UpstreamHttp {
  constructor(
    private readonly timeoutMs: number,
    private readonly calls: Pick<SettingsClient, 'request'>,
  ) {}

  /** @throws UpstreamError when no whole answer comes in time. */
  async post(
    url: string,
    body: string | URLSearchParams | undefined,
    headers: Record<string, string>,
    timeoutMs = this.timeoutMs,
  ): Promise<Reply> {
    try {
      const answer = await this.calls.request({
        method: 'POST',
        url,
        headers: { accept: 'application/json', ...headers },
        ...(body !== undefined && { body: String(body) }),
        timeoutMs: Math.max(1, Math.round(timeoutMs)),
        maxResponseBytes: MAX_ANSWER_BYTES,
      });
      // It would carry the credentials to somebody else.
      if (answer.status >= 300 && answer.status < 400) throw new UpstreamError('it answers with a redirect');
      return {
        status: answer.status,
        body: readForeignJson(answer.body).value,
        retryAfter: readRetryAfter(answer.headers['retry-after']),
      };
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      throw new UpstreamError(error instanceof OutboundError ? error.message : 'unknown fault');
    }
  }
}
