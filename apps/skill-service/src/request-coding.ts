import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import { BadParameterError, HttpRefusal, isZlib } from '#common';
import type { FastifyInstance } from 'fastify';

type Decode = (body: Buffer, options: ZlibOptions) => Promise<Buffer>;

const inflateZlib = promisify<Buffer, ZlibOptions, Buffer>(inflate);
const inflateBare = promisify<Buffer, ZlibOptions, Buffer>(inflateRaw);
const decodeGzip: Decode = promisify<Buffer, ZlibOptions, Buffer>(gunzip);

const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', decodeGzip],
  ['deflate', (body, options) => (isZlib(body) ? inflateZlib(body, options) : inflateBare(body, options))],
  ['br', promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress)],
  // RFC 9110 section 8.4.1.3: the same as gzip.
  ['x-gzip', decodeGzip],
]);
const ACCEPTED = [...DECODERS.keys()].filter((name) => name !== 'x-gzip');

/** The coding of a body; undefined if it has none. One only: a coding over another one costs far more than its bytes. */
function readCoding({ 'content-encoding': header = '' }: IncomingHttpHeaders): string | undefined {
  const coding = header.trim().toLowerCase();
  return coding === '' || coding === 'identity' ? undefined : coding;
}

/** Why a body cannot be decoded, before it is read; undefined: it can, or there is none. */
export function findCodingFault(headers: IncomingHttpHeaders): HttpRefusal | undefined {
  const coding = readCoding(headers);
  if (coding === undefined || DECODERS.has(coding)) return undefined;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody ? HttpRefusal.wrongCoding(ACCEPTED) : undefined;
}

/**
 * Decodes bodies with a `Content-Encoding` (RFC 9110 section 8.4) before they are parsed. The limit of the route is for the
 * encoded and for the decoded bytes, and decoding stops there: a body that grows without end costs no more than another one.
 */
export function decodeBodies(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', async (request, _reply, payload) => {
    const decode = DECODERS.get(readCoding(request.headers) ?? '');
    if (decode === undefined) return payload;
    const limit = request.routeOptions.bodyLimit;
    if (Number(request.headers['content-length']) > limit) throw HttpRefusal.tooLarge(limit);
    const encoded = await readWhole(payload, limit);
    const body = encoded.length === 0 ? encoded : await decodeWithin(decode, encoded, limit);
    // Fastify compares it with Content-Length.
    return Object.assign(Readable.from([body]), { receivedEncodedLength: encoded.length });
  });
}

/** Reads no further than the limit; the rest stays unread. @throws HttpRefusal (413) */
function readWhole(stream: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (error: Error | undefined): void => {
      stream.off('data', take).off('end', finish).off('error', end).off('close', abort);
      if (error) reject(error);
      else resolve(Buffer.concat(chunks));
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else {
        stream.pause();
        end(HttpRefusal.tooLarge(limit));
      }
    };
    const finish = (): void => {
      end(undefined);
    };
    const abort = (): void => {
      end(codingFault('did not arrive completely'));
    };
    stream.on('data', take).on('end', finish).on('error', end).on('close', abort);
  });
}

/** @throws HttpRefusal (413), BadParameterError (1001) */
async function decodeWithin(decode: Decode, encoded: Buffer, limit: number): Promise<Buffer> {
  try {
    return await decode(encoded, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw HttpRefusal.tooLarge(limit);
    throw codingFault('cannot be decoded as its Content-Encoding says');
  }
}

function codingFault(reason: string): BadParameterError {
  return new BadParameterError([{ field: 'body', reason }]);
}
