import type { Health } from '#skills';
import {
  type BatchResult,
  type BeatStatus,
  isBeatOf,
  readBatch,
  readBeats,
  readMessage,
  readRegistration,
  type Registration,
} from './upstream-answers.js';
import { refusedCredentials, type UpstreamCredentials } from './upstream-credentials.js';
import { type Reply, UpstreamError, type UpstreamHttp } from './upstream-http.js';
import type { UpstreamUrls } from './upstream-urls.js';

/** One heartbeat in the request. */
export interface BeatItem {
  skill_id: string;
  endpoint_url: string;
  health: Health;
}

/** An endpoint that leaves. */
export interface LeavingEndpoint {
  endpoint_url: string;
  generation?: number;
}

/** The answer to a batch: a result for each Skill, or a refusal of the whole batch because of one of its Skills. */
export type BatchAnswer = { results: BatchResult[] } | { refused: string };

/** The upstream registry is unavailable or limits requests; the request itself may be valid. */
const UNAVAILABLE = new Set([408, 429, 502, 503, 504]);
/** The upstream registry refuses the content, or fails because of it. */
const REFUSED = new Set([400, 413, 422, 500]);
const JSON_BODY = { 'content-type': 'application/json' };

/** The calls of an upstream registry (protocol.md sections 3, 5 and 11). All of them throw UpstreamError. */
export class UpstreamClient {
  constructor(
    private readonly urls: UpstreamUrls,
    private readonly credentials: UpstreamCredentials,
    private readonly http: UpstreamHttp,
  ) {}

  /** Origin of the upstream registry, for the log. */
  get registry(): string {
    return new URL(this.urls.register).origin;
  }

  /** Returns `taken` if the name and version belong to another client. */
  async register(skill: object): Promise<Registration | 'taken'> {
    const reply = await this.call('the registration', this.urls.register, JSON.stringify(skill));
    if (reply.status === 409) return 'taken';
    return this.read('the registration', reply, readRegistration);
  }

  /** Returns `unknown` if the Skill has to be registered again, also if only this endpoint is unknown (1001). */
  async beat(skillId: string, body: Omit<BeatItem, 'skill_id'> & { generation?: number }): Promise<BeatStatus> {
    const reply = await this.call('a heartbeat', this.urls.heartbeat(skillId), JSON.stringify(body));
    if (reply.status === 404 || reply.status === 400) return 'unknown';
    if (reply.status === 409) return 'stale';
    return this.read('a heartbeat', reply, (answer) => (isBeatOf(skillId, answer) ? 'ok' : undefined));
  }

  /** Takes Skills as JSON texts. */
  async registerMany(skills: readonly string[]): Promise<BatchAnswer> {
    const reply = await this.call('a batch', this.urls.batch, `{"skills":[${skills.join(',')}]}`);
    if (REFUSED.has(reply.status)) return { refused: this.describeRefusal(reply) };
    return { results: this.read('a batch', reply, (answer) => readBatch(answer, skills.length)) };
  }

  /** Returns the statuses in the order of the heartbeats. */
  async beatMany(heartbeats: readonly BeatItem[]): Promise<BeatStatus[]> {
    const reply = await this.call('heartbeats', this.urls.heartbeats, JSON.stringify({ heartbeats }));
    const skillIds = heartbeats.map(({ skill_id }) => skill_id);
    return this.read('heartbeats', reply, (answer) => readBeats(answer, skillIds));
  }

  /**
   * Unregisters a Skill; with `endpoint` this endpoint, and the Skill with its last one. If the upstream registry refuses
   * (4xx), the registration ends with its lease.
   */
  async unregister(skillId: string, timeoutMs?: number, endpoint?: LeavingEndpoint): Promise<void> {
    const body = endpoint && JSON.stringify(endpoint);
    const reply = await this.call('the end of a registration', this.urls.unregister(skillId), body, timeoutMs);
    if (reply.status >= 500) throw this.toError('the end of a registration', reply);
  }

  /** Returns every answer except 401 and those that mean the upstream registry is unavailable; throws for these. */
  private async call(what: string, url: string, body?: string, timeoutMs?: number): Promise<Reply> {
    const headers = await this.credentials.headers();
    let reply = await this.post(url, body, headers, timeoutMs);
    // A token can become invalid early: revoked, or signed with a key that was removed.
    if (reply.status === 401 && this.credentials.drop(headers)) {
      reply = await this.post(url, body, await this.credentials.headers(), timeoutMs);
    }
    if (reply.status === 401) throw refusedCredentials(401);
    if (UNAVAILABLE.has(reply.status)) throw this.toError(what, reply);
    return reply;
  }

  private post(url: string, body: string | undefined, headers: Record<string, string>, ms?: number): Promise<Reply> {
    return this.http.post(url, body, body === undefined ? headers : { ...JSON_BODY, ...headers }, ms);
  }

  private read<T>(what: string, reply: Reply, reader: (body: unknown) => T | undefined): T {
    if (reply.status >= 400) throw this.toError(what, reply);
    const answer = reply.status < 300 ? reader(reply.body) : undefined;
    if (answer !== undefined) return answer;
    throw new UpstreamError(
      `its answer to ${what} cannot be read (${reply.status})`,
      'the upstream registry does not answer as it should',
    );
  }

  private toError(what: string, reply: Reply): UpstreamError {
    const asked = reply.status === 429 || reply.status === 503 ? reply.retryAfter : 0;
    const publicReason = `the upstream registry answers ${reply.status}`;
    return new UpstreamError(`it answers ${this.describeRefusal(reply)} to ${what}`, publicReason, asked);
  }

  private describeRefusal({ status, body }: Reply): string {
    return [status, this.credentials.mask(readMessage(body))].filter(Boolean).join(' ');
  }
}
