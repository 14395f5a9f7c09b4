import type { IncomingMessage, Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { BadParameterError } from '#common';
import { hasTooManyParameters, MAX_PARAMETERS } from './parameters.js';

/** Lines of headers. */
const MAX_HEADERS = 100;

/** A name or an address, and perhaps a port (RFC 3986 section 3.2.2). A comma would be two of them, joined by a proxy. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+;=-]*)(?::\d*)?$/i;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/i;

/** Headers that come once at most, by the length of their names: Node takes the first of several without a word. */
const SINGLE = new Map(['host', 'content-type'].map((name) => [name.length, name]));

/** The name of such a header that comes twice, in any spelling. Proxies that take the last one would see another request. */
export function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  let seen = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const single = SINGLE.get(name.length);
    if (single === undefined || name.toLowerCase() !== single) continue;
    const bit = 1 << name.length;
    if ((seen & bit) !== 0) return single;
    seen |= bit;
  }
  return undefined;
}

export function isHost(text: string): boolean {
  return HOST.test(text);
}

/**
 * Fastify's `rewriteUrl`: a target in absolute form (RFC 9112 section 3.2.2) is served as its path; no header of an answer
 * repeats the host that it names. What has no host in it stays as it is, and is refused by the router.
 */
export function originForm({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  if (url.startsWith('/')) return url;
  const [, host = '', path = ''] = ABSOLUTE.exec(url) ?? [];
  if (host === '' || !isHost(host)) return url;
  return path.startsWith('/') ? path : `/${path}`;
}

/**
 * Refuses what RFC 9112 sections 3.2 and 6.1 and RFC 9110 section 10.1.1 want refused, in the shape of every other error. Node
 * would do it before any hook, with an empty answer: the server is created with `requireHostHeader: false`. And too many
 * headers, of which Node would leave the last ones out: a DELETE could lose its If-Match. And too long queries, also where
 * none is read.
 */
export function registerRequestConformance(fastify: FastifyInstance, servers: readonly Server[]): void {
  for (const server of servers) {
    // One more than are allowed is enough to see that there are too many.
    server.maxHeadersCount = MAX_HEADERS + 1;
    // Of an expectation other than 100-continue; a listener keeps Node from answering.
    server.on('checkExpectation', (request, response) => {
      server.emit('request', request, response);
    });
  }
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { host, expect } = request.headers;
    const { rawHeaders, httpVersion } = request.raw;
    const lines = rawHeaders.length / 2;
    const repeated = repeatedHeader(rawHeaders);
    if (lines > MAX_HEADERS) done(fault('request', `has more than ${MAX_HEADERS} headers`));
    else if (hasTooManyParameters(request.raw.url ?? ''))
      done(fault('query', `has more than ${MAX_PARAMETERS} parameters`));
    else if (repeated !== undefined) done(fault(`header ${repeated}`, 'comes more than once'));
    else if (host === undefined && httpVersion === '1.1') done(fault('header host', 'is missing'));
    else if (host !== undefined && !isHost(host)) done(fault('header host', 'must be a host, and perhaps a port'));
    else if (request.headers['transfer-encoding'] !== undefined && httpVersion === '1.0')
      done(fault('header transfer-encoding', 'is unknown to HTTP/1.0'));
    else if (expect !== undefined && expect.toLowerCase() !== '100-continue')
      done(fault('header expect', 'is not supported'));
    else done();
  });
}

function fault(field: string, reason: string): BadParameterError {
  return new BadParameterError([{ field, reason }]);
}
