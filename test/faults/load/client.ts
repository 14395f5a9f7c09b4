import type { Agent } from 'node:http';
import { SERVED_BY } from '../../support/balancer.js';
import { type Answer, call, type CallOptions } from '../../support/service-api.js';
import type { Traffic } from '../history/traffic.js';

/** Time-out of a client in milliseconds: longer than any answer of the service may take. */
const PATIENCE_MS = 25_000;

/** Target and headers of requests; each request is recorded in the traffic. */
export class Client {
  constructor(
    /** URL of the service, or of the balancer. */
    public base: string,
    private readonly token: string,
    private readonly agent: Agent,
    private readonly traffic?: Traffic,
  ) {}

  /** Undefined if there was no answer. */
  async ask<T>(path: string, options: CallOptions = {}): Promise<Answer<T> | undefined> {
    const { token, agent } = this;
    const began = performance.now();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    let failure: string | undefined;
    try {
      const answer = await call<T>(`${this.base}/api/v1/${path}`, { token, agent, signal, ...options });
      if (answer.status >= 500) failure = String(answer.status);
      return answer;
    } catch (error) {
      failure = (error as NodeJS.ErrnoException).code ?? String(error);
      return undefined;
    } finally {
      this.traffic?.add({ began, ended: performance.now(), ...(failure !== undefined && { failure }) });
    }
  }

  /** The replica that gave this answer. */
  servedBy(answer: Answer<unknown>): string {
    const by = answer.headers[SERVED_BY];
    return typeof by === 'string' ? by : this.base;
  }
}
