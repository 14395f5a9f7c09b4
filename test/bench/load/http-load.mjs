import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { numbered, RawConnection } from './raw-http.mjs';
import { Tally } from './tally.mjs';

const PACE_MS = 5;

/**
 * Open loop: sends each request once per period, spread evenly, even if answers are late. A request that waits
 * for a free connection counts from the time at which it was due. Each request gets its own number, if it has a place for one.
 */
export class HttpLoad {
  #connections = [];
  /** Idle connections, the longest idle first, so that none is idle long enough for the server to close it. */
  #free = [];
  #waiting = [];
  #requests;
  #period;
  #pace;
  #sent = 0;
  #tally = new Tally();

  /** `paceMs`: time between two checks of what is due. Requests are late by half of it on average. */
  constructor(requests, periodMs, paceMs = PACE_MS) {
    this.#pace = paceMs;
    this.#requests = requests;
    this.#period = periodMs;
  }

  async open(port, connections) {
    const onAnswer = (status, connection) => {
      this.#tally.count(status, performance.now() - connection.dueAt);
      this.#next(connection);
    };
    for (let number = 0; number < connections; number += 1) {
      this.#connections.push(await RawConnection.open(port, onAnswer, (reason) => this.#tally.fail(reason)));
    }
    this.#free = [...this.#connections];
  }

  /** Runs for this many milliseconds. */
  async run(durationMs) {
    const pause = this.#period / this.#requests.length;
    const began = performance.now() - this.#sent * pause;
    const end = performance.now() + durationMs;
    while (performance.now() < end) {
      const due = Math.floor((performance.now() - began) / pause) + 1;
      for (; this.#sent < due; this.#sent += 1) {
        this.#waiting.push({
          request: numbered(this.#requests[this.#sent % this.#requests.length], this.#sent),
          dueAt: began + this.#sent * pause,
        });
      }
      while (this.#waiting.length > 0 && this.#free.length > 0) this.#next(this.#free.shift());
      await delay(this.#pace);
    }
  }

  /** Returns the answers since the last call: sorted milliseconds from due to answered, and answers other than 2xx. */
  take() {
    return { ...this.#tally.take(), waiting: this.#waiting.length };
  }

  close() {
    for (const connection of this.#connections) connection.close();
  }

  #next(connection) {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#free.push(connection);
      return;
    }
    connection.dueAt = next.dueAt;
    connection.send(next.request);
  }
}
