import { performance } from 'node:perf_hooks';
import { RawConnection } from './raw-http.mjs';
import { Tally } from './tally.mjs';

/** Closed loop: each connection sends the next request when it has its answer. */
export class ClosedLoad {
  #connections = [];
  #requests;
  #once;
  #sent = 0;
  #open = 0;
  #until = 0;
  #settled = () => undefined;
  #tally = new Tally();

  /** `once`: each request is sent once, and the load ends after the last one; otherwise it starts again. */
  constructor(requests, { once = false } = {}) {
    this.#requests = requests;
    this.#once = once;
  }

  async open(port, connections) {
    const onAnswer = (status, connection) => {
      this.#tally.count(status, performance.now() - connection.sentAt);
      this.#open -= 1;
      this.#next(connection);
    };
    const onFault = (reason) => {
      this.#tally.fail(reason);
      this.#open -= 1;
      if (this.#open <= 0) this.#settled();
    };
    for (let number = 0; number < connections; number += 1) {
      this.#connections.push(await RawConnection.open(port, onAnswer, onFault));
    }
  }

  /** Sends for this many milliseconds, and waits for the answers. */
  async run(durationMs) {
    this.#until = performance.now() + durationMs;
    const settled = new Promise((resolve) => {
      this.#settled = resolve;
    });
    for (const connection of this.#connections) this.#next(connection);
    await settled;
  }

  take() {
    return this.#tally.take();
  }

  close() {
    for (const connection of this.#connections) connection.close();
  }

  #next(connection) {
    const now = performance.now();
    const request = this.#once ? this.#requests[this.#sent] : this.#requests[this.#sent % this.#requests.length];
    if (now >= this.#until || request === undefined) {
      if (this.#open === 0) this.#settled();
      return;
    }
    this.#sent += 1;
    this.#open += 1;
    connection.sentAt = now;
    connection.send(request);
  }
}
