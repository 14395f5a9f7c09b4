import { setImmediate as nextTurn } from 'node:timers/promises';
import { FORM, JSON_TYPES, MAX_BODY_VALUES } from '#common';
import type { FastifyInstance } from 'fastify';
import { readBatch } from './json-batch.js';
import { parseJsonBody, readJson } from './json-body.js';
import { parseFormBody } from './parameters.js';

/** A body of so many bytes is read in steps, with turns for other requests in between. */
const LARGE = 128 * 1024;

async function inSteps(steps: Generator<undefined, unknown>): Promise<unknown> {
  let step = steps.next();
  while (step.done !== true) {
    await nextTurn();
    step = steps.next();
  }
  return step.value;
}

/** JSON for every route; forms for the routes where `refuseUnread` lets them pass. */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(JSON_TYPES, { parseAs: 'buffer' }, ({ routeOptions }, body, done) => {
    const { batch, ...terms } = routeOptions.config;
    if (body.length < LARGE) {
      attempt(() => parseJsonBody(body, MAX_BODY_VALUES, terms), done);
      return;
    }
    const steps = batch?.isLarge ? readBatch(body, batch.list, terms) : readJson(body, MAX_BODY_VALUES, terms);
    inSteps(steps).then((value) => {
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
