import { readForeignJson, readRetryAfter } from '#common';
import { OutboundError, type SettingsClient } from '#outbound';

const MAX_ANSWER_BYTES = 2_000_000;

/** The upstream registry is unavailable, or its answer breaks the protocol. The message is for the log. */
export class UpstreamError extends Error {
  constructor(
    message: string,
    /** For /health: without addresses and without texts of the upstream registry. */
    readonly publicReason = 'the upstream registry does not answer',
    /** Milliseconds of `Retry-After`; 0 if there is none. */
    readonly retryAfter = 0,
  ) {
    super(message);
    this.name = 'UpstreamError';
  }
}

/** An answer with any status. */
export interface Reply {
  status: number;
  /** The parsed JSON body; undefined if it is not JSON. */
  body: unknown;
  /** Milliseconds of `Retry-After`; 0 if there is none. */
  retryAfter: number;
}

/** Calls an upstream registry that is not trusted: limits time and size, and follows no redirect. */
export class UpstreamHttp {
  constructor(
    private readonly timeoutMs: number,
    private readonly calls: Pick<SettingsClient, 'request'>,
  ) {}

  /** @throws UpstreamError if there is no complete answer within `timeoutMs` milliseconds, or a redirect */
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
      // Following it would send the credentials to another server.
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
