/** How this Skill signs in to the registry. */
export type Credentials =
  | { token: string }
  | { apiKey: string }
  /** `secret` is read when a token is needed: in development the registry writes it at its first start. */
  | { clientId: string; secret: () => string };

/** The registry refuses, and a retry would not help. */
export class RegistryRefusal extends Error {}

export interface Registration {
  skillId: string;
  generation: number;
  /** Seconds until the first heartbeat. */
  interval: number;
}

/** The endpoint that leaves. The registry refuses (409) if a newer registration has taken over. */
export interface Leaving {
  endpoint_url: string;
  generation: number;
}

/** The part of a registered Skill that is used here. */
export interface RegisteredSkill {
  capabilities: { capability_id: string; name: string }[];
}

/** Answer to a heartbeat: seconds until the next one, `unknown` (register again) or `replaced` (stop). */
export type HeartbeatAnswer = { interval: number } | 'unknown' | 'replaced';

const TIMEOUT_MS = 5_000;
/** Statuses for which a retry does not help. */
const REFUSALS = new Set([400, 401, 403, 409, 413, 422]);

interface Reply {
  status: number;
  body: Record<string, unknown>;
}

/** The routes of a registry that a Skill needs. All methods throw if there is no valid answer within `TIMEOUT_MS`. */
export class RegistryClient {
  private token: string | undefined;

  constructor(
    /** With `/api/v1`. */
    private readonly url: string,
    private readonly credentials: Credentials,
  ) {}

  /** @throws RegistryRefusal */
  async register(skill: object): Promise<Registration> {
    const { skill_id, generation, interval } = dataOf(await this.call('POST', '/skills/register', skill));
    return { skillId: String(skill_id), generation: Number(generation), interval: secondsOf(interval) };
  }

  async read(skillId: string): Promise<RegisteredSkill> {
    const { status, body } = await this.call('GET', `/skills/${skillId}`);
    if (status !== 200) throw new Error(`the registry answers ${status} for this Skill`);
    return body as Record<string, unknown> & RegisteredSkill;
  }

  async heartbeat(skillId: string, body: object): Promise<HeartbeatAnswer> {
    const reply = await this.call('POST', `/skills/${skillId}/heartbeat`, body);
    if (reply.status === 409) return 'replaced';
    // 404: the registry does not know the Skill; 400: it does not know this endpoint.
    if (reply.status === 404 || reply.status === 400) return 'unknown';
    return { interval: secondsOf(dataOf(reply).interval) };
  }

  /** Routes no new calls to the endpoint. */
  async drain(skillId: string, endpoint: Leaving): Promise<void> {
    const { status } = await this.call('POST', `/skills/${skillId}/drain`, endpoint);
    if (status !== 200) throw new Error(`the registry answers ${status}`);
  }

  /** Removes the endpoint, and the Skill with its last one. */
  async unregister(skillId: string, endpoint: Leaving): Promise<void> {
    const { status } = await this.call('POST', `/skills/${skillId}/unregister`, endpoint);
    if (status !== 200 && status !== 404) throw new Error(`the registry answers ${status}`);
  }

  /** Gets a new token once if the old one is refused, because tokens expire. */
  private async call(method: string, path: string, body?: object): Promise<Reply> {
    const first = await this.send(method, path, body);
    if (first.status !== 401 || !('clientId' in this.credentials)) return first;
    this.token = undefined;
    return this.send(method, path, body);
  }

  private async send(method: string, path: string, body?: object): Promise<Reply> {
    return this.fetch(method, path, body && JSON.stringify(body), {
      ...(body && { 'content-type': 'application/json' }),
      ...(await this.proof()),
    });
  }

  private async proof(): Promise<Record<string, string>> {
    if ('apiKey' in this.credentials) return { 'x-api-key': this.credentials.apiKey };
    if ('token' in this.credentials) return { authorization: `Bearer ${this.credentials.token}` };
    this.token ??= await this.newToken(this.credentials.clientId, this.credentials.secret());
    return { authorization: `Bearer ${this.token}` };
  }

  /** RFC 6749 section 4.4. */
  private async newToken(client_id: string, client_secret: string): Promise<string> {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
    const { status, body } = await this.fetch('POST', '/auth/token', form, {});
    if (REFUSALS.has(status)) throw new RegistryRefusal('the registry refuses the credentials');
    if (typeof body.access_token !== 'string') throw new Error(`the registry answers ${status} instead of a token`);
    return body.access_token;
  }

  private async fetch(
    method: string,
    path: string,
    body: string | URLSearchParams | undefined,
    headers: Record<string, string>,
  ): Promise<Reply> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // A redirect would send the credentials to another server.
    const response = await fetch(this.url + path, { method, body, headers, signal, redirect: 'error' });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }
}

/** `data` of the envelope. */
function dataOf({ status, body }: Reply): Record<string, unknown> {
  if (status === 200) return body.data as Record<string, unknown>;
  const message = `the registry answers ${status}: ${String(body.message)}`;
  throw REFUSALS.has(status) ? new RegistryRefusal(message) : new Error(message);
}

/** The default interval of the protocol, if the registry names none. */
function secondsOf(interval: unknown): number {
  return typeof interval === 'number' && interval > 0 ? interval : 30;
}
