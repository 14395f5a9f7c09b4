import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { OutboundSettings } from '#config';
import { MetricsService } from '#metrics';
import { type AddressLookup, OutboundClient, type OutboundError, type OutboundRequest } from '#outbound';

const closers: (() => void)[] = [];

/** For afterEach: ends what the functions below have started, the last first. */
export function endOutbound(): void {
  for (const close of closers.splice(0).reverse()) close();
}

export interface TestClient {
  client: OutboundClient;
  /** The value of one series of its metrics. */
  valueOf: (series: string) => Promise<number>;
  /** GET, unless the options say otherwise. */
  call: (url: string, options?: Partial<OutboundRequest>) => ReturnType<OutboundClient['request']>;
}

/** A client that may call the loopback, unless the settings say otherwise. */
export function outboundClient(settings: Partial<OutboundSettings> = {}, lookup?: AddressLookup): TestClient {
  const metrics = new MetricsService();
  const all = Object.assign(new OutboundSettings(), { allowedCidrs: ['127.0.0.0/8', '::1/128'] }, settings);
  const client = new OutboundClient(all, metrics, lookup);
  closers.push(() => {
    client.onApplicationShutdown();
  });
  return {
    client,
    valueOf: async (series) => {
      const lines = (await metrics.render()).split('\n');
      return Number(lines.find((line) => line.startsWith(`${series} `))?.split(' ')[1]);
    },
    call: (url, options) =>
      client.request({ method: 'GET', url, timeoutMs: 5_000, maxResponseBytes: 100_000, ...options }),
  };
}

/** The error that a promise rejects with. */
export async function rejection(answer: Promise<unknown>): Promise<OutboundError> {
  return answer.then(
    () => {
      throw new Error('it was answered');
    },
    (error: unknown) => error as OutboundError,
  );
}

export async function listen(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** An HTTP server, and the connections that it got. */
export async function serve(listener: RequestListener, host = '127.0.0.1', at = 0) {
  const server = createServer(listener);
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => connections.push(socket));
  const port = await listen(server, host, at);
  return { server, connections, port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/** A TCP server that answers with any bytes; connections count from 1. */
export async function serveTcp(onData: (socket: Socket, connection: number) => void) {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    const number = connections;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      onData(socket, number);
    });
  });
  const port = await listen(server);
  return { port, url: `http://127.0.0.1:${port}` };
}
