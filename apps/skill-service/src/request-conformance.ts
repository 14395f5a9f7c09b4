import type { FastifyInstance } from 'fastify';
import { BadParameterError } from '#common';

/**
 * Refuses what RFC 9112 section 3.2 and RFC 9110 section 10.1.1 want refused, in the shape of every other error. Node
 * would do it before any hook, with an empty answer: the server is created with `requireHostHeader: false`.
 */
export function registerRequestConformance(fastify: FastifyInstance): void {
  const { server } = fastify;
  // Of an expectation other than 100-continue; a listener keeps Node from answering.
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { host, expect } = request.headers;
    if (host === undefined && request.raw.httpVersion === '1.1') done(fault('host', 'is missing'));
    else if (expect !== undefined && expect.toLowerCase() !== '100-continue') done(fault('expect', 'is not supported'));
    else done();
  });
}

function fault(header: string, reason: string): BadParameterError {
  return new BadParameterError([{ field: `header ${header}`, reason }]);
}
