import type { IncomingMessage, Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { BadParameterError } from '#common';
import { hasTooManyParameters, MAX_PARAMETERS } from './parameters.js';

/** The most headers of a request. */
const MAX_HEADERS = 100;

/** A name or an address, and perhaps a port (RFC 3986 section 3.2.2). No comma: a proxy joins two hosts with one. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+;=-]*)(?::\d*)?$/i;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/i;

/** Headers that may come only once, by the length of their names. Node silently takes the first of several. */
const SINGLE = new Map(['host', 'content-type'].map((name) => [name.length, name]));

/** Returns the name of such a header that comes twice, in any case of letters. A proxy may take the last one. */
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
 * Fastify's `rewriteUrl`: returns the path of a target in absolute form (RFC 9112 section 3.2.2). No header of an answer repeats
 * its host. A target without a host stays as it is, and the router refuses it.
 */
export function toOriginForm({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  if (url.startsWith('/')) return url;
  const [, host = '', path = ''] = ABSOLUTE.exec(url) ?? [];
  if (host === '' || !isHost(host)) return url;
  return path.startsWith('/') ? path : `/${path}`;
}

/**
 * Refuses requests that RFC 9112 sections 3.2 and 6.1 and RFC 9110 section 10.1.1 forbid, with the usual error answer. Node itself
 * would send an empty answer before any hook, so the server has `requireHostHeader: false`. Also refuses too many headers, of
 * which Node would drop the last ones (a DELETE could lose its If-Match), and too many query parameters on every route.
 */
export function registerRequestConformance(fastify: FastifyInstance, servers: readonly Server[]): void {
  for (const server of servers) {
    // One more than allowed shows that there are too many.
    server.maxHeadersCount = MAX_HEADERS + 1;
    // An expectation other than 100-continue. Without a listener Node would answer it.
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
