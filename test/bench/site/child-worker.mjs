import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pinned } from './placement.mjs';
import { HELPER_NODE, stopped } from './processes.mjs';

/** Runs a module of test/bench as a process on these cores, and sends it requests over a channel. */
export class ChildWorker {
  #child;
  #asked = new Map();

  constructor(module, cores) {
    const [file, ...args] = pinned(cores, [...HELPER_NODE, join(import.meta.dirname, '..', module)]);
    this.#child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
    this.#child.on('message', ({ id, result, fault }) => {
      const { resolve, reject } = this.#asked.get(id);
      this.#asked.delete(id);
      if (fault === undefined) resolve(result);
      else reject(new Error(`${module}: ${fault}`));
    });
    this.#child.on('exit', () => {
      for (const { reject } of this.#asked.values()) reject(new Error(`${module} ended`));
    });
  }

  /** @throws Error if it answers with an error, or ends. */
  ask(operation, input = {}) {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#child.send({ id, operation, ...input });
    });
  }

  stop() {
    return stopped(this.#child);
  }
}
