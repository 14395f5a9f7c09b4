import { type ClaimedClient, readClaimedClient } from '#auth';
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

/**
 * Who a token request claims to come from, and the secret that it shows. Nothing where a bearer token decides: then the
 * body proves nothing.
 */
export function claimOf(request: FastifyRequest): ClaimedClient {
  return showsBearer(request) ? { clientId: undefined, secret: undefined } : readClaimedClient(request);
}

/** Whether it is the bearer token that says who sends it. */
export function showsBearer({ headers, routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.takesBearer === true && /^Bearer /i.test(headers.authorization ?? '');
}
