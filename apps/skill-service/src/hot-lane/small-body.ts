import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

const CONTENT_TYPES = new Set(['application/json', 'application/json; charset=utf-8']);
/** Bytes. A heartbeat with all its fields has 2,300 bytes at most, most have less than 200. */
const MAX_BYTES = 2048;
const LENGTH = /^[1-9]\d{0,3}$/;

const BODY = Symbol('body');
type WithBody = IncomingMessage & { [BODY]?: Buffer };

/** Whether the headers announce a small JSON body. */
export function hasSmallJson({ headers }: IncomingMessage): boolean {
  const { 'content-type': type = '', 'content-length': length = '' } = headers;
  return CONTENT_TYPES.has(type) && LENGTH.test(length) && Number(length) <= MAX_BYTES;
}

/** Reads a body that came together with its head, as small ones do; calls `done` with undefined, and reads nothing, otherwise. */
export function readSmallBody(request: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  // Node emits the request with its head only; the rest of what it received follows before the next tick.
  process.nextTick(() => {
    const isWhole = request.readableLength === Number(request.headers['content-length']);
    done(isWhole ? (request.read() as Buffer) : undefined);
  });
}

/** Lets Fastify read a body that was read already. */
export function giveBody(request: IncomingMessage, body: Buffer): void {
  (request as WithBody)[BODY] = body;
}

/** Call it once, for `giveBody`. */
export function registerGivenBodies(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', ({ raw }, _reply, payload, done) => {
    const { [BODY]: body } = raw as WithBody;
    done(null, body ? Readable.from([body]) : payload);
  });
}
