import type { FastifyInstance } from 'fastify';
import { BadParameterError } from '#common';

/** Lines of headers. */
const MAX_HEADERS = 100;

/**
 * Refuses what RFC 9112 section 3.2 and RFC 9110 section 10.1.1 want refused, in the shape of every other error. Node
 * would do it before any hook, with an empty answer: the server is created with `requireHostHeader: false`. And too many
 * headers, of which Node would leave the last ones out: a DELETE could lose its If-Match.
 */
export function registerRequestConformance(fastify: FastifyInstance): void {
  const { server } = fastify;
  // One more than are allowed is enough to see that there are too many.
  server.maxHeadersCount = MAX_HEADERS + 1;
  // Of an expectation other than 100-continue; a listener keeps Node from answering.
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { host, expect } = request.headers;
    const lines = request.raw.rawHeaders.length / 2;
    if (lines > MAX_HEADERS)
      done(new BadParameterError([{ field: 'request', reason: `has more than ${MAX_HEADERS} headers` }]));
    else if (host === undefined && request.raw.httpVersion === '1.1') done(fault('host', 'is missing'));
    else if (expect !== undefined && expect.toLowerCase() !== '100-continue') done(fault('expect', 'is not supported'));
    else done();
  });
}

function fault(header: string, reason: string): BadParameterError {
  return new BadParameterError([{ field: `header ${header}`, reason }]);
}
