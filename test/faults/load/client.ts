import type { Agent } from 'node:http';
import { SERVED_BY } from '../../support/balancer.js';
import { type Answer, call, type CallOptions } from '../../support/service-api.js';
import type { Traffic } from '../history/traffic.js';

/** Milliseconds that a client waits. Longer than the service may take for any answer. */
const PATIENCE_MS = 25_000;

/** Where requests go, with what; each is entered into the traffic. */
export class Client {
  constructor(
    /** Of the service, or of what stands before it. */
    public base: string,
    private readonly token: string,
    private readonly agent: Agent,
    private readonly traffic?: Traffic,
  ) {}

  /** Undefined when there was no answer. */
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
