import { BadParameterError, NotFoundError } from '#common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FORM } from './body-parsers.js';

/** Bytes of an unread body that the server discards, so that the connection can serve the next request. */
const MAX_LEFT = 64 * 1024;

/**
 * Refuses requests whose body is not needed, before it is read: requests without a route, and forms outside of the OAuth
 * routes. Call it after the hooks that refuse unknown callers and too many requests. A small rest of a body is discarded;
 * with a larger one the connection ends with the answer (docs/adr/0028).
 */
export function refuseUnread(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { url, config } = request.routeOptions;
    if (url === undefined) done(new NotFoundError('Route not found'));
    else if (!config.oauthErrors && isForm(request))
      done(
        new BadParameterError([
          { field: 'body', reason: 'has a media type that is not supported: send application/json' },
        ]),
      );
    else done();
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (!request.raw.complete && mayBeLarge(request)) void reply.header('connection', 'close');
    done();
  });
}

function isForm({ headers }: FastifyRequest): boolean {
  const type = headers['content-type'];
  return type?.slice(0, FORM.length).toLowerCase() === FORM;
}

function mayBeLarge({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MAX_LEFT;
}
