import { setImmediate as nextTurn } from 'node:timers/promises';
import { maxValuesOf } from '#common';
import type { FastifyInstance } from 'fastify';
import { readJson } from './json-body.js';
import { parseFormBody } from './parameters.js';

export const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPES = ['application/json', 'application/merge-patch+json'];
/** Bytes from which a body is read in steps, between which others have their turn. */
const LARGE = 128 * 1024;

/** The whole of a body at once: of a small one. @throws BadParameterError (1001) */
export function parseJsonBody(body: Buffer, maxValues: number): unknown {
  const steps = readJson(body, maxValues);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

async function parseLargeBody(body: Buffer, maxValues: number): Promise<unknown> {
  const steps = readJson(body, maxValues);
  let step = steps.next();
  while (step.done !== true) {
    await nextTurn();
    step = steps.next();
  }
  return step.value;
}

/** JSON everywhere; forms where `refuseUnread` lets them come so far. */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(JSON_TYPES, { parseAs: 'buffer' }, ({ routeOptions }, body, done) => {
    const maxValues = maxValuesOf(routeOptions.config);
    if (body.length < LARGE) attempt(() => parseJsonBody(body, maxValues), done);
    else
      parseLargeBody(body, maxValues).then((value) => {
        done(null, value);
      }, done);
  });
  fastify.addContentTypeParser<Buffer>(FORM, { parseAs: 'buffer' }, (_, body, done) => {
    attempt(() => parseFormBody(body), done);
  });
}

function attempt(work: () => unknown, done: (error: Error | null, body?: unknown) => void): void {
  let body: unknown;
  try {
    body = work();
  } catch (error) {
    done(error as Error);
    return;
  }
  done(null, body);
}
