import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const BYTE_EVERY_MS = 500;
/** Connections that are opened at the same time. */
const STEP = 100;

/** Connections that send nothing, or almost nothing. */
export class SlowClients {
  private readonly sockets: Socket[] = [];
  private readonly cutAfterMs: number[] = [];
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly url: URL) {}

  /** Opens connections that never send a byte. */
  async idle(count: number): Promise<void> {
    for (let opened = 0; opened < count; opened += STEP) {
      await Promise.all(Array.from({ length: Math.min(STEP, count - opened) }, () => this.open()));
    }
  }

  /** Opens connections that send the headers, or the body, of a request byte by byte. */
  async slow(count: number, part: 'headers' | 'body'): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const socket = await this.open();
        const began = performance.now();
        socket.once('close', () => this.cutAfterMs.push(performance.now() - began));
        socket.write(`POST /api/v1/skills/ HTTP/1.1\r\nhost: ${this.url.host}\r\ncontent-type: application/json\r\n`);
        if (part === 'body') socket.write('content-length: 100000\r\n\r\n{');
        this.timers.push(
          setInterval(() => socket.writable && socket.write(part === 'body' ? ' ' : 'x'), BYTE_EVERY_MS),
        );
      }),
    );
  }

  /** Number of open connections. */
  get standing(): number {
    return this.sockets.filter(({ destroyed }) => !destroyed).length;
  }

  /** The longest life of a slow connection in milliseconds; undefined while some are open. */
  async cutOffWithin(count: number, withinMs: number): Promise<number | undefined> {
    const end = performance.now() + withinMs;
    while (this.cutAfterMs.length < count && performance.now() < end) await delay(100);
    return this.cutAfterMs.length < count ? undefined : Math.max(...this.cutAfterMs);
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const socket of this.sockets) socket.destroy();
  }

  private async open(): Promise<Socket> {
    const socket = connect(Number(this.url.port), this.url.hostname);
    socket.on('error', () => undefined).resume();
    this.sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }
}
