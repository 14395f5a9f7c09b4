import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { type ProbesSettings, probesSettings } from '#config';
import { FloodGuard, OutboundClient, OutboundError, type OutboundRequest } from '#outbound';
import { SecretUnreadableError, SkillSecrets } from '#skills';
import { type ProbeClaim, type ProbeTarget, readProbeTarget } from '../probe-claim.js';
import { HostGate } from './host-gate.js';
import { ProbeMetrics } from '../probe.metrics.js';
import { failure, MAX_ANSWER_BYTES, type Verdict, judgeAnswer, judgeError } from './verdict.js';

/** Milliseconds between two looks whether a host may be asked. */
const LOOK_EVERY_MS = 20;

type Where = Pick<OutboundRequest, 'timeoutMs' | 'signal' | 'addresses'>;

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
    let began = performance.now();
    let verdict: Verdict | undefined;
    try {
      const addresses = await this.outbound.resolve(claim.url, this.withinTime(signal));
      const leave = await this.enter(addresses, patienceMs, signal);
      if (leave === undefined) return undefined;
      began = performance.now();
      verdict = await this.verdictOn(claim, addresses, signal).finally(leave);
    } catch (error) {
      verdict = this.verdictOnFault(error);
    }
    const ms = performance.now() - began;
    if (verdict === undefined) return undefined;
    this.metrics.probed(verdict.result, ms);
    return { ...verdict, claim, latencyMs: Math.round(ms) };
  }

  private async enter(
    addresses: readonly string[],
    patienceMs: number,
    signal: AbortSignal | undefined,
  ): Promise<(() => void) | undefined> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const leave = this.gate.tryEnter(addresses);
      if (leave) return leave;
      if (performance.now() >= end || signal?.aborted === true) break;
      await delay(LOOK_EVERY_MS);
    }
    this.metrics.skip();
    return undefined;
  }

  /** Asks at these addresses, which the gate has counted: its name may lead elsewhere by now. */
  private async verdictOn(
    claim: ProbeClaim,
    addresses: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Verdict> {
    const target = readProbeTarget(claim, this.secrets);
    const where = { ...this.withinTime(signal), addresses };
    return target.isWebSocket ? this.open(target, where) : this.get(claim.endpointId, target, where);
  }

  private verdictOnFault(error: unknown): Verdict | undefined {
    if (error instanceof OutboundError) return judgeError(error, this.settings.timeout);
    // It is called with the same secrets, so that no call of it can succeed either.
    if (error instanceof SecretUnreadableError) return failure('its secret parameters cannot be decrypted');
    // A header that HTTP does not know; calls of it fail in the same way.
    if (error instanceof TypeError) return failure('its parameters cannot be sent');
    throw error;
  }

  private withinTime(signal: AbortSignal | undefined): Pick<Where, 'timeoutMs' | 'signal'> {
    return { timeoutMs: this.settings.timeout, ...(signal && { signal }) };
  }

  private async get(endpointId: string, { url, headers, isChosen }: ProbeTarget, where: Where): Promise<Verdict> {
    const { status, body } = await this.outbound.request({
      method: 'GET',
      url,
      // What hangs elsewhere at this origin says nothing of this endpoint.
      share: `probe ${endpointId}`,
      // Endpoints are many, and probes are rare: a connection that stays open would be closed unused.
      headers: { accept: 'application/json', connection: 'close', ...headers },
      maxResponseBytes: MAX_ANSWER_BYTES,
      ...where,
    });
    return judgeAnswer(status, body, isChosen);
  }

  private async open({ url, headers }: ProbeTarget, where: Where): Promise<Verdict> {
    const webSocket = await this.outbound.webSocket(url, { headers, maxPayload: MAX_ANSWER_BYTES, ...where });
    // Whoever does not answer the closing handshake in time is cut off.
    const cut = setTimeout(() => {
      webSocket.terminate();
    }, this.settings.timeout).unref();
    webSocket.once('close', () => {
      clearTimeout(cut);
    });
    const guard = new FloodGuard(webSocket, () => undefined);
    webSocket.on('message', (data: Buffer) => {
      guard.unsolicited(data.length);
    });
    webSocket.close(1000);
    return { result: 'healthy', reason: null };
  }
}
