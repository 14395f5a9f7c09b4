import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SentSkill {
  name: string;
  [field: string]: unknown;
}

/** As much as any call of a member sends. */
export interface SentBody extends SentSkill {
  generation: number;
  skills: SentSkill[];
  heartbeats: { skill_id: string; endpoint_url: string; health: string }[];
}

export interface ReceivedCall {
  /** Below the base, such as `/skills/batch`. */
  path: string;
  headers: IncomingMessage['headers'];
  text: string;
  /** The text as JSON; whether it is what the call needs is for the test to say. */
  body: SentBody;
}

export interface UpstreamAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** JSON, or a text as it is. */
  body?: unknown;
}

const PREFIX = '/api/v1';

/** An upstream registry of the protocol's kind, that records what it is sent and answers what a test wants. */
export class UpstreamServer {
  readonly calls: ReceivedCall[] = [];
  /** An answer that replaces that of a registry; `hang`: it never answers. */
  answer: (call: ReceivedCall) => UpstreamAnswer | 'hang' | undefined = () => undefined;
  /** Names of what is registered, by the id here. */
  readonly skills = new Map<string, string>();
  private number = 0;

  private constructor(private server: Server) {}

  static async start(port = 0): Promise<UpstreamServer> {
    const upstream: UpstreamServer = new UpstreamServer(
      createServer((request, response) => void upstream.handle(request, response)),
    );
    upstream.server.listen(port, '127.0.0.1');
    await once(upstream.server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get registryUrl(): string {
    return `http://127.0.0.1:${this.port}${PREFIX}/skills/register`;
  }

  /** The paths of all calls, in order; ids are left out. */
  get paths(): string[] {
    return this.calls.map(({ path }) => path.replace(/up-\d+/, 'ID'));
  }

  of(path: string): ReceivedCall[] {
    return this.calls.filter((call) => call.path.replace(/up-\d+/, 'ID') === path);
  }

  forgetCalls(): void {
    this.calls.length = 0;
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const isJson = request.headers['content-type']?.startsWith('application/json') ?? false;
    const call: ReceivedCall = {
      path: (request.url ?? '').replace(PREFIX, ''),
      headers: request.headers,
      text,
      body: (isJson ? JSON.parse(text) : {}) as SentBody,
    };
    this.calls.push(call);
    const answer = this.answer(call) ?? this.usual(call);
    if (answer === 'hang') return;
    const { status = 200, headers = {}, body = '' } = answer;
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  private usual({ path, body }: ReceivedCall): UpstreamAnswer {
    const [, , skillId = '', action] = path.split('/');
    if (path === '/auth/token') return { body: { access_token: 'a-token', token_type: 'Bearer', expires_in: 3600 } };
    if (path === '/skills/register') return success({ skill_id: this.register(body), generation: this.number });
    if (path === '/skills/batch') {
      const results = body.skills.map((skill, index) => ({
        index,
        status: 'created',
        skill_id: this.register(skill),
      }));
      return success({ results });
    }
    if (path === '/heartbeats') {
      const results = body.heartbeats.map(({ skill_id }) => ({
        skill_id,
        status: this.skills.has(skill_id) ? 'ok' : 'unknown',
      }));
      return success({ results });
    }
    if (!this.skills.has(skillId)) return { status: 404, body: { code: 1004, message: 'Skill does not exist' } };
    if (action === 'unregister') this.skills.delete(skillId);
    return success({ skill_id: skillId });
  }

  private register({ name }: SentSkill): string {
    this.number += 1;
    const known = [...this.skills].find(([, other]) => other === name)?.[0];
    const id = known ?? `up-${this.number}`;
    this.skills.set(id, name);
    return id;
  }
}

export function success(data: object): UpstreamAnswer {
  return { body: { code: 0, message: 'success', data } };
}
