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

/** Who a token request claims to come from, and the secret that it shows for that. */
export interface Claim {
  clientId: string | undefined;
  secret: string | undefined;
}

/** By HTTP Basic, or in the parsed body. Nothing where a bearer token decides: then the body proves nothing. */
export function claimOf(request: FastifyRequest): Claim {
  if (showsBearer(request)) return { clientId: undefined, secret: undefined };
  const basic = BASIC.exec(request.headers.authorization ?? '')?.[1];
  if (basic === undefined) {
    return { clientId: textOf(request.body, 'client_id'), secret: textOf(request.body, 'client_secret') };
  }
  const [id = '', ...secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return { clientId: decoded(id), secret: decoded(secret.join(':')) };
}

/** Whether it is the bearer token that says who sends it. */
export function showsBearer({ headers, routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.takesBearer === true && /^Bearer /i.test(headers.authorization ?? '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function textOf(body: unknown, name: string): string | undefined {
  const value = (body as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
