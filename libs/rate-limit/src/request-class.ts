import type { FastifyRequest } from 'fastify';

/** What is counted together. */
export type RequestClass = 'reads' | 'writes' | 'token';

/** Probes and metrics are asked by machines of ours; documents are small files. */
const FREE = /^\/(?:health|livez|readyz|metrics|docs|openapi\.(?:json|yaml))(?:\/|$)/;

/** The class of a request; undefined: it is free. The token class are the routes that take a client's secret. */
export function classOf(request: FastifyRequest): RequestClass | undefined {
  const { url, config } = request.routeOptions;
  if (url !== undefined && FREE.test(url)) return undefined;
  if (request.method === 'GET' || request.method === 'HEAD') return 'reads';
  return config.oauthErrors ? 'token' : 'writes';
}

const BASIC = /^Basic +(.+)$/i;

/** The client that a token request claims to come from: by HTTP Basic, or in the parsed body. */
export function claimedClient(request: FastifyRequest): string | undefined {
  if (showsAnotherCredential(request)) return undefined;
  const basic = BASIC.exec(request.headers.authorization ?? '')?.[1];
  if (basic === undefined) return textOf(request.body, 'client_id');
  const [id = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':', 1);
  try {
    return decodeURIComponent(id.replaceAll('+', ' '));
  } catch {
    return id;
  }
}

/** Whether a secret came with it, so that an answer other than 401 means that it was right. */
export function showsSecret(request: FastifyRequest): boolean {
  if (showsAnotherCredential(request)) return false;
  return BASIC.test(request.headers.authorization ?? '') || textOf(request.body, 'client_secret') !== undefined;
}

/** A bearer token or an API key: then what the body says of a client proves nothing. */
function showsAnotherCredential({ headers }: FastifyRequest): boolean {
  return headers['x-api-key'] !== undefined || /^Bearer /i.test(headers.authorization ?? '');
}

function textOf(body: unknown, name: string): string | undefined {
  const value = (body as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
