import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { call } from './service-api.js';

/** Names the replica that answered, in every answer that came from one. */
export const SERVED_BY = 'x-served-by';

const CHECK_EVERY_MS = 250;
const CHECK_WITHIN_MS = 1_000;
/** Checks in a row without an answer, after which a replica is out. One may be a busy machine. */
const SILENCES = 2;
/** Milliseconds without an answer after which a request counts as lost. */
const ANSWER_WITHIN_MS = 24_000;

const LOST = 'no answer';
/** What Node says of a request that was given up. */
const SILENT = 'ABORT_ERR';

interface Target {
  readonly url: string;
  readonly agent: Agent;
  /** Requests that it has not answered. */
  readonly inFlight: Set<ClientRequest>;
  isIn: boolean;
  /** Times in a row that /readyz, and /livez, gave no answer. */
  unready: number;
  silences: number;
}

/**
 * A plain HTTP balancer, as any: replicas by turns; /readyz decides who gets requests, /livez who is given up; one that cannot be connected to is
 * passed over at once, as nothing was sent; what one that fell silent was to answer counts as lost. What was sent is never sent again: its answer is 502 or 504, and the client decides.
 */
export class Balancer {
  private targets: Target[] = [];
  private turn = 0;
  private readonly halt = new AbortController();
  private readonly checking: Promise<void>;

  private constructor(private readonly server: Server) {
    this.checking = this.check();
  }

  static async start(urls: readonly string[]): Promise<Balancer> {
    const server = createServer();
    const balancer = new Balancer(server);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      balancer.serve(incoming, outgoing);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    balancer.replicas = urls;
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** New ones get requests once they say that they are ready; the first ones, at once. */
  set replicas(urls: readonly string[]) {
    const isFirst = this.targets.length === 0;
    this.targets = urls.map(
      (url) =>
        this.targets.find((target) => target.url === url) ?? {
          url,
          agent: new Agent({ keepAlive: true }),
          inFlight: new Set(),
          isIn: isFirst,
          unready: 0,
          silences: 0,
        },
    );
  }

  isIn(url: string): boolean {
    return this.targets.some((target) => target.url === url && target.isIn);
  }

  async stop(): Promise<void> {
    this.halt.abort();
    await this.checking;
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
    for (const { agent } of this.targets) agent.destroy();
  }

  private async check(): Promise<void> {
    const { signal } = this.halt;
    while (!signal.aborted) {
      await Promise.all(
        this.targets.map(async (target) => {
          const [ready, alive] = await Promise.all([this.ask(target, '/readyz'), this.ask(target, '/livez')]);
          target.unready = ready === SILENT ? target.unready + 1 : 0;
          target.silences = alive === SILENT ? target.silences + 1 : 0;
          if (target.unready === 0) target.isIn = ready === 200;
          else if (target.unready >= SILENCES) target.isIn = false;
          // Who is not ready may still answer what it has; who does not even say that it lives will not.
          if (target.silences >= SILENCES) for (const sent of target.inFlight) sent.destroy(new Error(LOST));
        }),
      );
      await delay(CHECK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The status, or why there is none. */
  private ask({ url }: Target, path: string): Promise<number | string> {
    const signal = AbortSignal.any([this.halt.signal, AbortSignal.timeout(CHECK_WITHIN_MS)]);
    return call(url + path, { signal }).then(
      ({ status }) => status,
      (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'no answer',
    );
  }

  private serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => undefined);
    incoming.on('end', () => {
      const ready = this.targets.filter(({ isIn }) => isIn);
      this.turn += 1;
      const first = this.turn % Math.max(ready.length, 1);
      this.pass(incoming, Buffer.concat(chunks), outgoing, [...ready.slice(first), ...ready.slice(0, first)]);
    });
  }

  private pass(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse, targets: readonly Target[]): void {
    const [target, ...others] = targets;
    if (target === undefined) {
      outgoing.writeHead(502, { 'content-type': 'application/json' }).end('{"message":"no replica is ready"}');
      return;
    }
    const { method, headers, url = '' } = incoming;
    const sent = request(target.url + url, { method, headers, agent: target.agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, { ...hopless(answer.headers), [SERVED_BY]: target.url });
      answer.on('error', () => outgoing.destroy());
      answer.pipe(outgoing);
    });
    sent.setTimeout(ANSWER_WITHIN_MS, () => sent.destroy(new Error(LOST)));
    target.inFlight.add(sent);
    sent.on('close', () => target.inFlight.delete(sent));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.headersSent) outgoing.destroy();
      else if (error.code === 'ECONNREFUSED') this.pass(incoming, body, outgoing, others);
      // A kept connection that the replica had closed before the request came: nothing of it was read there.
      else if (sent.reusedSocket && error.code === 'ECONNRESET' && method === 'GET') {
        this.pass(incoming, body, outgoing, targets);
      } else {
        const status = error.message === LOST ? 504 : 502;
        outgoing
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify({ message: error.message }));
      }
    });
    sent.end(body);
  }
}

/** Of a connection, not of the answer. */
function hopless({
  connection: _,
  'keep-alive': __,
  ...headers
}: IncomingMessage['headers']): IncomingMessage['headers'] {
  return headers;
}
