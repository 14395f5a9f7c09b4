import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What becomes of connections: they pass; are refused, and open ones broken; hang, with no byte passed on. */
type Mode = 'open' | 'cut' | 'paused';

/** Stands between the service and a server, and makes the network's faults. */
export class TcpProxy {
  private mode: Mode = 'open';
  private readonly sockets = new Set<Socket>();
  private server: Server;

  private constructor(
    private readonly target: URL,
    readonly port: number,
  ) {
    this.server = this.listen();
  }

  /** `target` is the URL of a server; the proxy listens on a free port. */
  static async start(target: string): Promise<TcpProxy> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const proxy = new TcpProxy(new URL(target), port);
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** The URL of the server as seen through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.toString();
  }

  /** As when the server is killed. */
  async cut(): Promise<void> {
    this.mode = 'cut';
    const closed = once(this.server, 'close');
    this.server.close();
    this.dropAll();
    await closed;
  }

  /** As when the server's machine is halted: connections stand, and are accepted, but no byte passes. */
  pause(): Promise<void> {
    this.mode = 'paused';
    for (const socket of this.sockets) socket.pause();
    return Promise.resolve();
  }

  /** As when the server is back on another machine: what stood while it was away stays silent, new connections pass. */
  restoreForNew(): void {
    this.mode = 'open';
  }

  async restore(): Promise<void> {
    const { mode } = this;
    this.mode = 'open';
    if (mode === 'cut') {
      this.server = this.listen();
      await once(this.server, 'listening');
    } else if (mode === 'paused') this.dropAll();
  }

  async close(): Promise<void> {
    if (this.mode !== 'cut') await this.cut();
  }

  private listen(): Server {
    return createServer((client) => {
      this.hold(client);
      if (this.mode === 'paused') {
        client.pause();
        return;
      }
      const upstream = connect({ host: this.target.hostname, port: Number(this.target.port) });
      this.hold(upstream);
      client.pipe(upstream).pipe(client);
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    }).listen(this.port, '127.0.0.1');
  }

  private hold(socket: Socket): void {
    this.sockets.add(socket);
    // The other end tells of every fault.
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
  }

  private dropAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
