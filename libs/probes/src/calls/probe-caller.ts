import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { type ProbesSettings, probesSettings } from '#config';
import { FloodGuard, OutboundClient, OutboundError, type OutboundRequest } from '#outbound';
import { SecretUnreadableError, SkillSecrets } from '#skills';
import { type ProbeClaim, type ProbeTarget, readProbeTarget } from '../probe-claim.js';
import { HostGate } from './host-gate.js';
import { ProbeMetrics } from '../probe.metrics.js';
import { failure, MAX_ANSWER_BYTES, type Verdict, judgeAnswer, judgeError } from './verdict.js';

/** Milliseconds between two attempts to enter the gate of a host. */
const LOOK_EVERY_MS = 20;

type Where = Pick<OutboundRequest, 'timeoutMs' | 'signal' | 'addresses' | 'ca'>;

/** The outcome of one probe. */
export interface Probed extends Verdict {
  claim: ProbeClaim;
  /** In whole milliseconds. */
  latencyMs: number;
}

/** Probes endpoints: GET or HEAD of the health path, or opening and closing a WebSocket. */
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
   * Returns undefined if the probe was cancelled by `signal` or by shutdown, or had to wait longer than `patienceMs` for other
   * probes of its host. The endpoint is then due again after an interval.
   */
  async probe(claim: ProbeClaim, patienceMs: number, signal?: AbortSignal): Promise<Probed | undefined> {
    let began = performance.now();
    let verdict: Verdict | undefined;
    let target: ProbeTarget | undefined;
    try {
      target = readProbeTarget(claim, this.secrets, this.settings);
      const limits = { timeoutMs: target.timeoutMs, ...(signal && { signal }) };
      const addresses = await this.outbound.resolve(claim.url, limits);
      const leave = await this.enter(addresses, patienceMs, signal);
      if (leave === undefined) return undefined;
      began = performance.now();
      // Connects to the addresses that the gate has counted: another look-up might give other ones.
      const where = { ...limits, addresses, ca: target.ca };
      const probe = target.isWebSocket ? this.open(target, where) : this.ask(claim.endpointId, target, where);
      verdict = await probe.finally(leave);
    } catch (error) {
      verdict = judgeFault(error, target?.timeoutMs ?? this.settings.timeout);
    }
    const ms = performance.now() - began;
    if (verdict === undefined) return undefined;
    this.metrics.probed(verdict.result, ms);
    return { ...addNotice(verdict, target?.unreadable ?? []), claim, latencyMs: Math.round(ms) };
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

  private async ask(
    endpointId: string,
    { url, method, headers, expected }: ProbeTarget,
    where: Where,
  ): Promise<Verdict> {
    const { status, body } = await this.outbound.request({
      method,
      url,
      // Another endpoint at this origin may hang.
      share: `probe ${endpointId}`,
      // There are many endpoints and few probes of each: a kept connection would close unused.
      headers: { accept: 'application/json, */*;q=0.5', connection: 'close', ...headers },
      maxResponseBytes: MAX_ANSWER_BYTES,
      ...where,
    });
    return judgeAnswer(status, body, method === 'HEAD' ? { ...expected, text: undefined } : expected);
  }

  private async open({ url, headers }: ProbeTarget, where: Where): Promise<Verdict> {
    const webSocket = await this.outbound.webSocket(url, { headers, maxPayload: MAX_ANSWER_BYTES, ...where });
    // In case the endpoint does not answer the closing handshake.
    const cut = setTimeout(() => {
      webSocket.terminate();
    }, where.timeoutMs).unref();
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

function judgeFault(error: unknown, timeoutMs: number): Verdict | undefined {
  if (error instanceof OutboundError) return judgeError(error, timeoutMs);
  // Calls need the same secrets, so they fail as well.
  if (error instanceof SecretUnreadableError) return failure('its secret parameters cannot be decrypted');
  // A header that HTTP does not allow; calls fail in the same way.
  if (error instanceof TypeError) return failure('its parameters cannot be sent');
  throw error;
}

/** Adds which parameters of an older release are not used. A verdict and all names fit into the column of the reason. */
function addNotice(verdict: Verdict, unreadable: readonly string[]): Verdict {
  if (unreadable.length === 0) return verdict;
  const notice = `these parameters are not valid: ${unreadable.join(', ')}`;
  return { ...verdict, reason: verdict.reason === null ? notice : `${verdict.reason}; ${notice}` };
}
