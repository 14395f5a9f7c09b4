import { type Answer, call, readiness } from '../process/service-api.js';
import { type ServiceOptions, type ServiceProcess, startService } from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';

export interface Tokens {
  access_token: string;
  refresh_token: string;
}

/** One running version of the service, and its answers as they are asked for one by one. */
export class Replica {
  private constructor(
    readonly service: ServiceProcess,
    readonly tokens: Tokens,
    private readonly client: { client_id: string; client_secret: string },
  ) {}

  static async start(options: ServiceOptions, client: { client_id: string; client_secret: string }): Promise<Replica> {
    const service = await startService(options);
    return new Replica(service, await tokensOf(service.url, client), client);
  }

  get url(): string {
    return this.service.url;
  }

  /** The answer, whatever it is; `credential` takes the place of the replica's own token. */
  ask<T>(path: string, options: { body?: unknown; method?: string; credential?: Credential } = {}): Promise<Answer<T>> {
    const { body, method, credential = { token: this.tokens.access_token } } = options;
    const headers = 'key' in credential ? { 'x-api-key': credential.key } : undefined;
    const token = 'token' in credential ? credential.token : undefined;
    return call<T>(`${this.url}/api/v1${path}`, { token, headers, body, ...(method && { method }) });
  }

  /** The data of a good answer. @throws Error with any other. */
  async get<T>(path: string, body?: unknown, method?: string): Promise<T> {
    const answer = await this.ask<{ data?: T }>(path, { body, method });
    if (answer.status > 299) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.data ?? (answer.body as T);
  }

  async register(overrides: Parameters<typeof skillBody>[0] = {}): Promise<string> {
    return (await this.get<{ skill_id: string }>('/skills/register', skillBody(overrides))).skill_id;
  }

  /** Without a lease: it stays though it never beats. */
  async create(overrides: Parameters<typeof skillBody>[0] = {}): Promise<string> {
    return (await this.get<{ skill_id: string }>('/skills/', skillBody(overrides))).skill_id;
  }

  /** New tokens for a refresh token of whichever replica. */
  refresh(refreshToken: string): Promise<Tokens> {
    return tokensOf(this.url, this.client, { grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  revoke(token: string): Promise<unknown> {
    return this.get('/auth/revoke', { ...this.client, token });
  }

  isReady(): Promise<boolean> {
    return readiness(this.url).then((status) => status === 200);
  }

  /** Calls of this capability that this very replica has made. */
  async callsMade(capability: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const [, count] =
      new RegExp(`^command_duration_seconds_count\\{.*capability="${capability}".*\\} (\\d+)`, 'm').exec(text) ?? [];
    return Number(count ?? 0);
  }
}

export type Credential = { token: string } | { key: string };

async function tokensOf(
  url: string,
  client: object,
  grant: object = { grant_type: 'client_credentials' },
): Promise<Tokens> {
  const { status, body } = await call<Tokens>(`${url}/api/v1/auth/token`, { body: { ...client, ...grant } });
  if (status !== 200) throw new Error(`No token: ${status} ${JSON.stringify(body)}`);
  return body;
}
