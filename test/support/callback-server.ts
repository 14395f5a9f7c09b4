import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A callback as its receiver gets it. */
export interface ReceivedCallback {
  /** When, in milliseconds of the process. */
  at: number;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  body: {
    command_id: string;
    execution_id: string;
    skill_id: string;
    capability_id: string;
    status: string;
    result: unknown;
    output: string | null;
    error: string | null;
    error_detail: { code: number | string; message: string } | null;
    started_at: string | null;
    completed_at: string | null;
  };
  /** Whether it is signed as Standard Webhooks says, not long ago. */
  isGenuine: boolean;
}

export type Reception = (response: ServerResponse, callback: ReceivedCallback) => void;

export const receives: Reception = (response) => {
  response.writeHead(204).end();
};

/** A receiver of callbacks. It answers the first ones as the list says, and the others as `reception` says. */
export class CallbackServer {
  readonly received: ReceivedCallback[] = [];
  next: Reception[] = [];
  reception: Reception = receives;
  readonly url: string;

  private constructor(
    private readonly server: Server,
    private readonly key: Buffer,
  ) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks`;
  }

  /** `secret`: `whsec_` and base64. */
  static async start(secret: string): Promise<CallbackServer> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { headers, url: path = '' } = request;
        const text = Buffer.concat(chunks).toString();
        const body = JSON.parse(text) as ReceivedCallback['body'];
        const callback = { at: performance.now(), path, headers, text, body, isGenuine: started.verify(headers, text) };
        started.received.push(callback);
        (started.next.shift() ?? started.reception)(response, callback);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const started = new CallbackServer(server, Buffer.from(secret.replace('whsec_', ''), 'base64'));
    return started;
  }

  /** Those of one execution. */
  of(executionId: string): ReceivedCallback[] {
    return this.received.filter(({ body }) => body.execution_id === executionId);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private verify(headers: IncomingHttpHeaders, text: string): boolean {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
    const signed = createHmac('sha256', this.key)
      .update(`${String(id)}.${String(timestamp)}.${text}`)
      .digest('base64');
    const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 60;
    return isFresh && String(signatures).split(' ').includes(`v1,${signed}`);
  }
}
