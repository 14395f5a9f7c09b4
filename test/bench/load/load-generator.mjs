import { ChildWorker } from '../site/child-worker.mjs';
import { placement } from '../site/placement.mjs';

/** Default number of connections of a load. */
export const CONNECTIONS = 32;

/** Makes load from its own core. */
export class LoadGenerator {
  #worker = new ChildWorker('load/load-worker.mjs', placement.client);
  #number = 0;
  /** The largest share of its core that it has used, 0 to 1. */
  busiest = 0;

  /**
   * Connects, and returns a function that makes the load for a number of milliseconds. Closed loop, unless `periodMs`
   * gives the time in which all requests are sent once, at an even pace. The function throws at an answer other than 2xx.
   */
  async prepare(target, requests, options = {}) {
    this.#number += 1;
    const name = `load-${this.#number}`;
    await this.#worker.ask('prepare', { name, port: target.port, connections: CONNECTIONS, requests, ...options });
    const run = async (durationMs) => {
      const result = await this.#worker.ask('run', { name, durationMs });
      if (Object.keys(result.failures).length > 0) throw new Error(`answered with ${JSON.stringify(result.failures)}`);
      if (result.answers === 0) throw new Error('nothing was answered');
      this.busiest = Math.max(this.busiest, result.cpu);
      return result;
    };
    run.close = () => this.#worker.ask('close', { name });
    return run;
  }

  stop() {
    return this.#worker.stop();
  }
}
