import type { Transform } from 'node:stream';
import { once } from 'node:events';
import zlib from 'node:zlib';
import { isZlib } from '#common';
import { OutboundError } from '../outbound-error.js';
import { AnswerBody } from './answer-body.js';
import type { OutboundAnswer } from './exchange.js';
import { firstBytes } from './first-bytes.js';

type Decoder = (body: Buffer) => Transform;

/** Node.js 22.15 and later. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
const gzip: Decoder = () => zlib.createGunzip();
/** RFC 9110 means the zlib format; some servers send the bare stream. */
const deflate: Decoder = (body) => (isZlib(body) ? zlib.createInflate() : zlib.createInflateRaw());

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', deflate],
  ['br', () => zlib.createBrotliDecompress()],
  ...(createZstdDecompress ? ([['zstd', () => createZstdDecompress()]] as const) : []),
]);
/** Codings that one response may have, one over the other. */
const MAX_CODINGS = 3;

/** The value of `Accept-Encoding` (RFC 9110 section 12.5.3). */
export const ACCEPTED_CODINGS = [...DECODERS.keys()].filter((name) => name !== 'x-gzip').join(', ');

/**
 * Decodes the body of an answer (RFC 9110 section 8.4). It takes no more memory than `maxBytes`, however much a body would grow.
 * @throws OutboundError `too-large` beyond `maxBytes`, `undecodable`
 */
export async function decodeAnswer(answer: OutboundAnswer, maxBytes: number): Promise<OutboundAnswer> {
  const codings = readCodings(answer.headers['content-encoding']);
  // A response to HEAD, and 204, have no body.
  if (codings.length === 0 || answer.body.length === 0) return answer;
  const { status } = answer;
  const decoders = codings.map((name) => DECODERS.get(name));
  if (decoders.length > MAX_CODINGS || decoders.includes(undefined)) {
    const text = `the response has a content-encoding that is not supported: ${codings.join(', ').slice(0, 64)}`;
    throw new OutboundError('undecodable', text, { sent: true, status, begin: firstBytes(answer.body) });
  }
  let { body } = answer;
  for (const decoder of decoders.toReversed()) if (decoder) body = await decode(body, decoder(body), maxBytes, status);
  return { ...answer, body };
}

function readCodings(header: string | string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

async function decode(body: Buffer, stream: Transform, maxBytes: number, status: number): Promise<Buffer> {
  const decoded = new AnswerBody(maxBytes);
  const fault = (kind: 'too-large' | 'undecodable', text: string, cause?: unknown): OutboundError =>
    new OutboundError(kind, text, { sent: true, status, cause, begin: firstBytes(decoded.toBuffer()) });
  stream.on('data', (chunk: Buffer) => {
    if (!decoded.append(chunk))
      stream.destroy(fault('too-large', `the decoded response is longer than ${maxBytes} bytes`));
  });
  stream.end(body);
  try {
    await once(stream, 'end');
  } catch (error) {
    throw error instanceof OutboundError ? error : fault('undecodable', 'the response cannot be decoded', error);
  }
  return decoded.toBuffer();
}
