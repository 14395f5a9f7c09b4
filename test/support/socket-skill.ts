import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Invocation {
  id: string;
}

/** First bytes of frames that are whole. */
export const [TEXT, BINARY, PING, PONG] = [0x81, 0x82, 0x89, 0x8a] as const;

/** A frame of a server, as it goes over the wire. */
export function frame(first: number, payload = ''): Buffer {
  const length = Buffer.byteLength(payload);
  const head = Buffer.from(length < 126 ? [first, length] : [first, 127, ...Array<number>(8).fill(0)]);
  if (length >= 126) head.writeUInt32BE(length, 6);
  return Buffer.concat([head, Buffer.from(payload)]);
}

export function answerTo(id: string, result: unknown = 1): string {
  return JSON.stringify({ version: '0.6.0', id, timestamp: 0, type: 'response', status: 'success', result });
}

/** A Skill at a ws url that does whatever a test wants. */
export class SocketSkill {
  readonly sockets: { webSocket: WebSocket; stream: Socket }[] = [];
  /** Path and query of each connection. */
  readonly paths: string[] = [];
  invocations = 0;
  /** What it does with a call; by default it answers. */
  onInvocation: (message: Invocation, webSocket: WebSocket, stream: Socket) => void = (message, webSocket) => {
    webSocket.send(answerTo(message.id));
  };

  /** What it does with a new connection. */
  onConnection: (stream: Socket) => void = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    new WebSocketServer({ server }).on('connection', (webSocket, { socket: stream, url: path }) => {
      this.paths.push(path ?? '');
      this.sockets.push({ webSocket, stream });
      webSocket.on('error', () => undefined);
      this.onConnection(stream);
      webSocket.on('message', (data: Buffer) => {
        this.invocations += 1;
        this.onInvocation(JSON.parse(data.toString()) as Invocation, webSocket, stream);
      });
    });
  }

  static async start(): Promise<SocketSkill> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SocketSkill(server, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/skill`);
  }

  stop(): void {
    for (const { webSocket } of this.sockets) webSocket.terminate();
    this.server.close();
  }
}

/** Sends the same again and again, as fast as it is read, at most `mebibytes`. Returns how many bytes went out. */
export async function flood(stream: Socket, part: Buffer, mebibytes = 256): Promise<number> {
  const piece = Buffer.concat(Array<Buffer>(Math.ceil(2 ** 20 / part.length)).fill(part));
  const before = stream.bytesWritten;
  for (let sent = 0; sent < mebibytes && !stream.destroyed; sent += 1) {
    if (!stream.write(piece)) {
      const stop = new AbortController();
      const { signal } = stop;
      await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(() => undefined);
      stop.abort();
    }
  }
  return stream.bytesWritten - before;
}
