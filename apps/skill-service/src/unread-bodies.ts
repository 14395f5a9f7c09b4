import { BadParameterError, NotFoundError } from '#common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FORM } from './body-parsers.js';

/** Bytes of a body that nobody has read and that may still come, so that the connection can serve the next request. */
const MAX_LEFT = 64 * 1024;

/**
 * Keeps bodies from being read that nobody needs: of requests for no route, and forms, which only the routes of OAuth
 * take. To be called after the hooks that refuse who is not known or asks for too much. What is left of a body when the
 * answer goes out is thrown away where it is small; otherwise the connection ends with the answer (docs/adr/0028).
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
    if (!request.raw.complete && mayLeaveMuch(request)) void reply.header('connection', 'close');
    done();
  });
}

function isForm({ headers }: FastifyRequest): boolean {
  const type = headers['content-type'];
  return type?.slice(0, FORM.length).toLowerCase() === FORM;
}

function mayLeaveMuch({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MAX_LEFT;
}
