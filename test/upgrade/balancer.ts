import { Agent } from 'node:http';
import { type Answer, call, type CallOptions } from '../support/service-api.js';
import { until } from '../support/until.js';

interface Target {
  url: string;
  agent: Agent;
  inFlight: number;
}

/** A request that was not answered as it should. */
export interface Failure {
  target: string;
  request: string;
  why: string;
}

/** What stands before the replicas: it passes each request on to the next of them, once, and notes what fails. */
export class Balancer {
  readonly failures: Failure[] = [];
  /** Answered requests by target. */
  readonly answered = new Map<string, number>();
  private readonly targets: Target[] = [];
  private turn = 0;

  add(url: string): void {
    this.targets.push({ url, agent: new Agent({ keepAlive: true }), inFlight: 0 });
  }

  /** Like a load balancer before it stops a replica: sends no new requests, and waits for those in progress. */
  async remove(url: string): Promise<void> {
    const at = this.targets.findIndex((target) => target.url === url);
    const [target] = this.targets.splice(at, 1);
    if (!target) throw new Error(`${url} is not in the balancer`);
    await until(() => target.inFlight === 0);
    target.agent.destroy();
  }

  /** The data of the answer, or undefined when it failed, which is noted. */
  async send<T>(path: string, options: CallOptions): Promise<T | undefined> {
    this.turn += 1;
    const target = this.targets[this.turn % this.targets.length];
    const request = `${options.method ?? (options.body === undefined ? 'GET' : 'POST')} ${path}`;
    if (!target) {
      this.fail('', request, 'there is no replica');
      return undefined;
    }
    target.inFlight += 1;
    try {
      const { status, body }: Answer<{ data?: T }> = await call(`${target.url}/api/v1${path}`, {
        ...options,
        agent: target.agent,
      });
      if (status < 200 || status > 299) this.fail(target.url, request, `${status} ${JSON.stringify(body)}`);
      else {
        this.answered.set(target.url, (this.answered.get(target.url) ?? 0) + 1);
        return body.data ?? (body as T);
      }
    } catch (error) {
      this.fail(target.url, request, String(error));
    } finally {
      target.inFlight -= 1;
    }
    return undefined;
  }

  fail(target: string, request: string, why: string): void {
    this.failures.push({ target, request, why });
  }
}
