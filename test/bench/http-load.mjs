import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

const PACE_MS = 5;
const HEAD_END = Buffer.from('\r\n\r\n');

/** A POST as it goes over the wire, made once and sent often. */
export function rawPost({ port, token }, path, body) {
  const text = Buffer.from(JSON.stringify(body));
  const head = [
    `POST /api/v1/${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${text.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), text]);
}

/**
 * Sends each request once per period, all spread evenly over it, whether answers keep up or not: what waits for a free
 * connection counts from when it was due. A bare client, so that it needs little of the CPU that is measured.
 */
export class HttpLoad {
  answers = [];
  #connections = [];
  #waiting = [];
  #requests;
  #period;
  #pace;
  #sent = 0;
  #failures = new Map();

  /** `paceMs`: between two looks what is due; what is sent is late by half of it. */
  constructor(requests, periodMs, paceMs = PACE_MS) {
    this.#pace = paceMs;
    this.#requests = requests;
    this.#period = periodMs;
  }

  async open(port, connections) {
    for (let number = 0; number < connections; number += 1) {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      await once(socket, 'connect');
      const connection = { socket, dueAt: undefined, answer: Buffer.alloc(0) };
      socket.on('data', (part) => this.#receive(connection, part));
      socket.on('error', (error) => this.#fail(String(error)));
      this.#connections.push(connection);
    }
  }

  /** Runs for so many milliseconds. */
  async run(durationMs) {
    const pause = this.#period / this.#requests.length;
    const began = performance.now() - this.#sent * pause;
    const end = performance.now() + durationMs;
    while (performance.now() < end) {
      const due = Math.floor((performance.now() - began) / pause) + 1;
      for (; this.#sent < due; this.#sent += 1) {
        this.#waiting.push({
          request: this.#requests[this.#sent % this.#requests.length],
          dueAt: began + this.#sent * pause,
        });
      }
      for (const connection of this.#connections) if (connection.dueAt === undefined) this.#next(connection);
      await delay(this.#pace);
    }
  }

  /** What was answered since the last call: milliseconds from due to answered, in order; other answers than 200. */
  take() {
    const { answers } = this;
    const failures = Object.fromEntries(this.#failures);
    this.answers = [];
    this.#failures.clear();
    return { latencies: Float64Array.from(answers).sort(), failures, waiting: this.#waiting.length };
  }

  close() {
    for (const { socket } of this.#connections) socket.destroy();
  }

  #next(connection) {
    const next = this.#waiting.shift();
    connection.dueAt = next?.dueAt;
    if (next) connection.socket.write(next.request);
  }

  #receive(connection, part) {
    connection.answer = connection.answer.length === 0 ? part : Buffer.concat([connection.answer, part]);
    const { answer } = connection;
    const headEnd = answer.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = answer.toString('latin1', 0, headEnd);
    const [, length = '0'] = /content-length: (\d+)/i.exec(head) ?? [];
    if (answer.length < headEnd + HEAD_END.length + Number(length)) return;
    connection.answer = Buffer.alloc(0);
    const status = head.slice(9, 12);
    if (status === '200') this.answers.push(performance.now() - connection.dueAt);
    else this.#fail(status);
    this.#next(connection);
  }

  #fail(reason) {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }
}
