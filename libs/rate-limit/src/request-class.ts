import { type ClaimedClient, readClaimedClient } from '#auth';
import type { FastifyRequest } from 'fastify';

/** Requests of one class share a limit. */
export type RequestClass = 'reads' | 'writes' | 'token';

/** Paths without a limit: probes and metrics are for the operator's machines, and documents are small files. */
const FREE = /^\/(?:health|livez|readyz|metrics|docs|openapi\.(?:json|yaml))(?:\/|$)/;

/** Returns the class of a request; undefined if it has no limit. The class `token` has the routes that take a client's secret. */
export function classify(request: FastifyRequest): RequestClass | undefined {
  const { url, config } = request.routeOptions;
  if (url !== undefined && FREE.test(url)) return undefined;
  if (request.method === 'GET' || request.method === 'HEAD') return 'reads';
  return config.oauthErrors ? 'token' : 'writes';
}

/**
 * Returns the client that a token request claims to be, and its secret. Returns nothing if a bearer token authenticates the
 * request, because the body is no proof then.
 */
export function readClaim(request: FastifyRequest): ClaimedClient {
  return showsBearer(request) ? { clientId: undefined, secret: undefined } : readClaimedClient(request);
}

/** Whether a bearer token authenticates the request. */
export function showsBearer({ headers, routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.takesBearer === true && /^Bearer /i.test(headers.authorization ?? '');
}
