import { hash } from 'node:crypto';
import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Only a private cache may keep the answer, and must check its ETag before each use. */
const CACHE_CONTROL = 'private, no-cache';

/** Splits a list of entity tags (RFC 9110 section 8.8.3); the tags of this service contain no comma. */
export function splitTags(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}

/** `If-None-Match` compares weakly (RFC 9110 section 13.1.2). */
export function noneMatch(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return true;
  return ifNoneMatch.trim() !== '*' && !splitTags(ifNoneMatch).some((tag) => tag.replace(/^W\//, '') === etag);
}

/** The ETag of a body: a part of its SHA-256. */
export function tagOf(body: string): string {
  return `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
}

/** Sets the headers of an answer with an ETag. Returns false if the caller has it already: then the answer is 304, without a body. */
export function tagAnswer(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  void reply.header('etag', etag).header('cache-control', CACHE_CONTROL);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead || noneMatch(request.headers['if-none-match'], etag)) return true;
  void reply.status(304);
  return false;
}

/** Describes `If-None-Match` on a route that answers with an ETag. */
export function ApiIfNoneMatch(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: 'ETag that the caller has',
      schema: { type: 'string' },
    }),
    ApiResponse({ status: 304, description: 'The answer is still as the caller has it' }),
  );
}
