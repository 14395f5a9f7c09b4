import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { type ProbesSettings, probesSettings } from '#config';
import { FloodGuard, OutboundClient, OutboundError } from '#outbound';
import { SecretUnreadableError, SkillSecrets } from '#skills';
import { type ProbeClaim, type ProbeTarget, targetOf } from './probe-claim.js';
import { HostGate } from './host-gate.js';
import { ProbeMetrics } from './probe.metrics.js';
import { failure, MAX_ANSWER_BYTES, type Verdict, verdictOfAnswer, verdictOfError } from './verdict.js';

/** Milliseconds between two looks whether a host may be asked. */
const LOOK_EVERY_MS = 20;

/** What came of one probe. */
export interface Probed extends Verdict {
  claim: ProbeClaim;
  /** Milliseconds, whole ones. */
  latencyMs: number;
}

/** Asks endpoints how they are: GET of their health path, or a WebSocket that is opened and closed. */
@Injectable()
export class ProbeCaller {
  private readonly gate: HostGate;

  constructor(
    private readonly outbound: OutboundClient,
    private readonly secrets: SkillSecrets,
    private readonly metrics: ProbeMetrics,
    @Inject(probesSettings.KEY) private readonly settings: ProbesSettings,
  ) {
    this.gate = new HostGate({ concurrency: settings.concurrency, perSecond: settings.hostRate });
  }

  /**
   * Undefined when `signal`, or the end of the service, broke it off, and when its host is asked by too many probes for
   * longer than `patienceMs`: that says nothing about the endpoint, which is due again in an interval.
   */
  async probe(claim: ProbeClaim, patienceMs: number, signal?: AbortSignal): Promise<Probed | undefined> {
    const leave = await this.enter(claim, patienceMs, signal);
    if (leave === undefined) return undefined;
    const began = performance.now();
    const verdict = await this.verdictOn(claim, signal).finally(leave);
    const ms = performance.now() - began;
    if (verdict === undefined) return undefined;
    this.metrics.probed(verdict.result, ms);
    return { ...verdict, claim, latencyMs: Math.round(ms) };
  }

  private async enter(
    { url }: ProbeClaim,
    patienceMs: number,
    signal: AbortSignal | undefined,
  ): Promise<(() => void) | undefined> {
    const end = performance.now() + patienceMs;
    const addresses = await this.outbound.addressesOf(url).catch(() => []);
    for (;;) {
      const leave = this.gate.tryEnter(addresses);
      if (leave) return leave;
      if (performance.now() >= end || signal?.aborted === true) break;
      await delay(LOOK_EVERY_MS);
    }
    this.metrics.skip();
    return undefined;
  }

  private async verdictOn(claim: ProbeClaim, signal: AbortSignal | undefined): Promise<Verdict | undefined> {
    try {
      const target = targetOf(claim, this.secrets);
      return target.isWebSocket ? await this.open(target, signal) : await this.get(claim.endpointId, target, signal);
    } catch (error) {
      if (error instanceof OutboundError) return verdictOfError(error, this.settings.timeout);
      // It is called with the same secrets, so that no call of it can succeed either.
      if (error instanceof SecretUnreadableError) return failure('its secret parameters cannot be decrypted');
      // A header that HTTP does not know; calls of it fail in the same way.
      if (error instanceof TypeError) return failure('its parameters cannot be sent');
      throw error;
    }
  }

  private async get(endpointId: string, target: ProbeTarget, signal: AbortSignal | undefined): Promise<Verdict> {
    const { url, headers, isChosen } = target;
    const { status, body } = await this.outbound.request({
      method: 'GET',
      url,
      // What hangs elsewhere at this origin says nothing of this endpoint.
      share: `probe ${endpointId}`,
      // Endpoints are many, and probes are rare: a connection that stays open would be closed unused.
      headers: { accept: 'application/json', connection: 'close', ...headers },
      timeoutMs: this.settings.timeout,
      maxResponseBytes: MAX_ANSWER_BYTES,
      ...(signal && { signal }),
    });
    return verdictOfAnswer(status, body, isChosen);
  }

  private async open({ url, headers }: ProbeTarget, signal: AbortSignal | undefined): Promise<Verdict> {
    const webSocket = await this.outbound.webSocket(url, {
      headers,
      timeoutMs: this.settings.timeout,
      maxPayload: MAX_ANSWER_BYTES,
      ...(signal && { signal }),
    });
    // Whoever does not answer the closing handshake in time is cut off.
    const cut = setTimeout(() => {
      webSocket.terminate();
    }, this.settings.timeout).unref();
    webSocket.once('close', () => {
      clearTimeout(cut);
    });
    const guard = new FloodGuard(webSocket, () => undefined);
    webSocket.on('message', (data: Buffer) => {
      guard.unasked(data.length);
    });
    webSocket.close(1000);
    return { result: 'healthy', reason: null };
  }
}
