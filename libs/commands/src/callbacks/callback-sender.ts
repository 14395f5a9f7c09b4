import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { jitteredPause, readRetryAfter, writeJson } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { formatTraceparent, startSpan, type TraceContext } from '#logging';
import { type OutboundAnswer, OutboundClient, OutboundError } from '#outbound';
import { runJob, TRACER, type Tracer } from '#tracing';
import { toExecutionResponse } from '../executions/execution.response.js';
import type { DueCallback, SettledCallback } from './callbacks.repository.js';
import { signWebhook, parseSigningKey } from './webhook-signature.js';

const TIMEOUT_MS = 10_000;
/** The body of an answer is not used. */
const MAX_RESPONSE_BYTES = 64 * 1024;
const BACK_OFF = { first: 1_000, longest: 3_600_000 };
const GONE = 410;
const LONGEST_ERROR = 255;

/** POSTs callbacks, signed as in Standard Webhooks (protocol.md section 11). */
@Injectable()
export class CallbackSender {
  private readonly key: Buffer;
  private readonly logger = new Logger('commands');

  constructor(
    private readonly outbound: OutboundClient,
    @Inject(commandsSettings.KEY) { callbackSigningSecret }: CommandsSettings,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {
    if (callbackSigningSecret === undefined) throw new Error('CALLBACK_SIGNING_SECRET is not resolved');
    this.key = parseSigningKey(callbackSigningSecret);
  }

  /** Returns undefined if the signal cancelled it. */
  async send(callback: DueCallback, signal: AbortSignal): Promise<SettledCallback | undefined> {
    try {
      const span = startSpan();
      // The trace of the call.
      const trace = { ...span, traceId: callback.trace_id ?? span.traceId };
      const answer = await runJob(this.tracer, 'callback', trace, (current) => this.post(callback, current, signal));
      return settled(callback, answer);
    } catch (error) {
      if (!(error instanceof OutboundError)) {
        // It counts as an attempt, so that it is not retried forever.
        this.logger.error(error);
        return failed(callback, null, 'it could not be sent');
      }
      if (error.kind === 'cancelled') return undefined;
      // The body is too long or cannot be decoded, and the status is all that is needed.
      if (error.status !== undefined) return settled(callback, { status: error.status });
      return failed(callback, null, error.message);
    }
  }

  private post(callback: DueCallback, trace: TraceContext, signal: AbortSignal): Promise<OutboundAnswer> {
    const body = writeJson(toExecutionResponse(callback));
    const timestamp = Math.floor(Date.now() / 1000);
    return this.outbound.request({
      method: 'POST',
      url: callback.url,
      share: `callback ${callback.client_id}`,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        traceparent: formatTraceparent(trace),
        'webhook-id': callback.id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook(this.key, callback.id, timestamp, body),
      },
      body,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      signal,
    });
  }
}

function settled(
  callback: DueCallback,
  { status, headers = {} }: Pick<OutboundAnswer, 'status'> & Partial<OutboundAnswer>,
): SettledCallback {
  const { id, attempts } = callback;
  if (status >= 200 && status < 300) return { id, attempts, verdict: 'delivered', delay: 0, status, error: null };
  const text = `the receiver answered ${status}`;
  // Standard Webhooks: the receiver wants no further attempt.
  if (status === GONE) return { id, attempts, verdict: 'dead', delay: 0, status, error: text };
  return failed(callback, status, text, readRetryAfter(headers['retry-after']));
}

function failed(
  { id, attempts, failures }: DueCallback,
  status: number | null,
  error: string,
  atLeastMs = 0,
): SettledCallback {
  const delay = Math.min(BACK_OFF.longest, Math.max(atLeastMs, jitteredPause(failures + 1, BACK_OFF)));
  return { id, attempts, verdict: 'failed', delay, status, error: error.slice(0, LONGEST_ERROR).toWellFormed() };
}
