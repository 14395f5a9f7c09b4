import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call as a Skill gets it. */
export interface ReceivedCall {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  /** The body as it came. */
  text: string;
  body: {
    command_id: string;
    execution_id: string;
    skill_id: string;
    capability_id: string;
    capability: string;
    parameters: Record<string, unknown>;
    metadata: Record<string, unknown>;
    channel_id?: string;
    context?: Record<string, string>;
  };
}

export type Behaviour = (call: ReceivedCall, response: ServerResponse) => void;

export function answer(data: unknown, status = 200): Behaviour {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
  };
}

/** An answer as it stands, which `answer` could not make. */
export function answerText(text: string, status = 200): Behaviour {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
}

/** What endpoints do: what they should, and every way in which they do not. */
export const BEHAVIOURS = {
  // `success` is the word that every release reads.
  echo: ({ body }, response) => {
    answer({ code: 0, message: 'success', data: { status: 'success', result: body.parameters, output: 'done' } })(
      { body } as ReceivedCall,
      response,
    );
  },
  hangs: () => undefined,
  fails: answer({ code: 1007, message: 'Internal error' }, 500),
  breaksOff: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"code":');
    setImmediate(() => response.destroy());
  },
  resets: (_, response) => {
    response.socket?.resetAndDestroy();
  },
  floods: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(1_000_000, ' ');
    let left = 50;
    const write = (): void => {
      for (; left > 0; left -= 1) {
        if (!response.write(chunk)) {
          left -= 1;
          response.once('drain', write);
          return;
        }
      }
      response.end('{}');
    };
    write();
  },
  babbles: (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome to nginx!</html>');
  },
  redirects: (_, response) => {
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
  },
} as const satisfies Record<string, Behaviour>;

/** An endpoint of a Skill on its own port, whose answers a test sets. */
export class SkillServer {
  readonly calls: ReceivedCall[] = [];

  readonly url: string;

  private constructor(
    private readonly server: Server,
    public behaviour: Behaviour,
  ) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(behaviour: Behaviour = BEHAVIOURS.echo): Promise<SkillServer> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { method = '', url: path = '', headers } = request;
        const call = {
          method,
          path,
          headers,
          text,
          body: (text === '' ? {} : JSON.parse(text)) as ReceivedCall['body'],
        };
        skill.calls.push(call);
        skill.behaviour(call, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const skill = new SkillServer(server, behaviour);
    return skill;
  }

  /** Closes the port. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
