import type { FastifyInstance } from 'fastify';
import { BadParameterError, nestsDeeper } from '#common';

/** Levels of objects and arrays that a body may nest; the deepest payload of the protocol has 5. */
const MAX_DEPTH = 32;

const JSON_TYPES = ['application/json', 'application/merge-patch+json'];
const utf8 = new TextDecoder('utf-8', { fatal: true });

function bodyFault(reason: string): BadParameterError {
  return new BadParameterError([{ field: 'body', reason }]);
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw bodyFault('is not valid UTF-8');
  }
}

/** Names that every object has a meaning for. Nest would leave such fields out without a word. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** The depth is bounded: this runs on what has passed `nestsDeeper`. */
function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => FORBIDDEN_KEYS.has(key) || hasForbiddenKey(item));
}

/** JSON without prototype keys, of bounded depth. An empty body is no body. */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const text = decode(body);
  if (nestsDeeper(text, MAX_DEPTH)) throw bodyFault(`nests deeper than ${MAX_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bodyFault('is not valid JSON');
  }
  if (hasForbiddenKey(value)) throw bodyFault('holds a forbidden key (__proto__, constructor or prototype)');
  return value;
}

/** A form; a parameter that comes twice is an array, which no field takes. */
export function parseFormBody(body: Buffer): Record<string, string | string[]> {
  return collect(new URLSearchParams(decode(body)));
}

const METADATA_PREFIX = 'metadata.';

/** A query string; `metadata.KEY=VALUE` are folded into one object `metadata`. */
export function parseQuery(text: string): Record<string, unknown> {
  const query: Record<string, unknown> = {};
  if (text === '') return query;
  const metadata: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(collect(new URLSearchParams(text)))) {
    const key = name.startsWith(METADATA_PREFIX) ? name.slice(METADATA_PREFIX.length) : undefined;
    // Under a name that no route knows, so that it is refused.
    if (FORBIDDEN_KEYS.has(key ?? name)) query[`"${name}"`] = value;
    else if (key === undefined) query[name] = value;
    else metadata[key] = value;
  }
  if (Object.keys(metadata).length > 0) query.metadata = metadata;
  return query;
}

function collect(parameters: URLSearchParams): Record<string, string | string[]> {
  const collected = Object.create(null) as Record<string, string | string[]>;
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    collected[name] = values.length > 1 ? values : (values[0] ?? '');
  }
  return collected;
}

export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(JSON_TYPES, { parseAs: 'buffer' }, (_, body, done) => {
    attempt(() => parseJsonBody(body), done);
  });
  fastify.addContentTypeParser<Buffer>('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (_, body, done) => {
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
