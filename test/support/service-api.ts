import { Agent, type IncomingHttpHeaders, request, type RequestOptions } from 'node:http';
import { until } from './until.js';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: IncomingHttpHeaders;
  body: T;
  ms: number;
}

export interface CallOptions {
  method?: string;
  token?: string;
  body?: unknown;
  agent?: Agent;
  headers?: Record<string, string>;
  /** Gives the request up. */
  signal?: AbortSignal;
}

/** One request on a connection of its own, unless an agent is given. Rejects when the connection fails. */
export function call<T = Record<string, unknown>>(url: string, options: CallOptions = {}): Promise<Answer<T>> {
  const { method = options.body === undefined ? 'GET' : 'POST', token, body, agent, signal } = options;
  const began = performance.now();
  const parameters: RequestOptions = {
    method,
    agent: agent ?? false,
    signal,
    headers: {
      ...options.headers,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, parameters, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject).on('end', () => {
        const answered = text === '' ? {} : JSON.parse(text);
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: answered as T, ms: performance.now() - began });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export async function adminToken(url: string, secret: string): Promise<string> {
  const { status, body } = await call<{ access_token: string }>(`${url}/api/v1/auth/token`, {
    body: { grant_type: 'client_credentials', client_id: 'admin', client_secret: secret },
  });
  if (status !== 200) throw new Error(`No token: ${status} ${JSON.stringify(body)}`);
  return body.access_token;
}

/** Registers in the resource style; returns the id. */
export async function createSkill(url: string, token: string, skill: object): Promise<string> {
  const { status, body } = await call<{ skill_id: string }>(`${url}/api/v1/skills/`, { token, body: skill });
  if (status !== 201) throw new Error(`Not created: ${status} ${JSON.stringify(body)}`);
  return body.skill_id;
}

/** The status of /readyz, or 0 when nobody listens. */
export async function readiness(url: string): Promise<number> {
  try {
    return (await call(`${url}/readyz`)).status;
  } catch {
    return 0;
  }
}

export async function untilReady(url: string, timeoutMs?: number): Promise<void> {
  await until(async () => (await readiness(url)) === 200, timeoutMs);
}
