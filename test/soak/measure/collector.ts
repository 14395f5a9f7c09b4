import { once } from 'node:events';
import type { ServiceProcess } from '../../support/service-process.js';
import WebSocket from 'ws';

const ADDRESS = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/;

/** Environment of a service with an inspector on a free port of the loopback, to force garbage collections. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/** Forces garbage collections in the service, so that only live memory is measured. */
export class Collector {
  private id = 0;

  private constructor(private readonly socket: WebSocket) {}

  /** @throws Error if the inspector does not listen */
  static async of(service: ServiceProcess): Promise<Collector> {
    const [address] = ADDRESS.exec(service.output) ?? [];
    if (address === undefined) throw new Error('The inspector of the service does not listen');
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Collector(socket);
  }

  /** Resolves when the collection is done. */
  async collect(): Promise<void> {
    this.id += 1;
    const answered = once(this.socket, 'message');
    this.socket.send(JSON.stringify({ id: this.id, method: 'HeapProfiler.collectGarbage' }));
    const [answer] = (await answered) as [Buffer];
    if (!answer.toString().includes('"result"')) throw new Error(`Not collected: ${answer.toString()}`);
  }

  close(): void {
    this.socket.terminate();
  }
}
