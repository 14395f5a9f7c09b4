import { FORM, HttpRefusal, listMediaTypes, NotFoundError } from '#common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { findCodingFault } from './request-coding.js';

/** Bytes of an unread body that the server discards, so that the connection can serve the next request. */
const MAX_LEFT = 64 * 1024;

/**
 * Refuses requests whose body is not needed, before it is read: requests without a route, bodies with an unknown coding, and
 * forms outside of the OAuth routes. Call it after the hooks that refuse unknown callers and too many requests. A small rest of
 * a body is discarded; with a larger one the connection ends with the answer (docs/adr/0028).
 *
 * `listMethods`: the methods of the path of a request without a route.
 */
export function refuseUnread(fastify: FastifyInstance, listMethods: (request: FastifyRequest) => string[]): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { url, config } = request.routeOptions;
    if (url === undefined) done(findRouteFault(listMethods(request)));
    else if (!config.oauthErrors && isForm(request)) done(HttpRefusal.wrongMediaType(listMediaTypes(config)));
    else done(findCodingFault(request.headers));
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (!request.raw.complete && mayBeLarge(request)) void reply.header('connection', 'close');
    done();
  });
}

function findRouteFault(methods: readonly string[]): Error {
  return methods.length > 0 ? HttpRefusal.wrongMethod(methods) : new NotFoundError('Route not found');
}

function isForm({ headers }: FastifyRequest): boolean {
  const type = headers['content-type'];
  return type?.slice(0, FORM.length).toLowerCase() === FORM;
}

function mayBeLarge({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MAX_LEFT;
}
