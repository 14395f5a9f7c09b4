import {
  applyDecorators,
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { ApiErrors, PreconditionFailedError } from '#common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { SkillResponse, TaggedSkill } from '../model/skill.response.js';

/** Only a private cache may keep the answer, and must check its ETag before each use. */
const CACHE_CONTROL = 'private, no-cache';

/** Splits a list of entity tags (RFC 9110 section 8.8.3); our tags contain no comma. */
function splitTags(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}

/** `If-Match` compares strongly: a weak tag never matches (RFC 9110 section 13.1.1). */
export function assertMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*' || splitTags(ifMatch).includes(etag)) return;
  throw new PreconditionFailedError('The Skill has changed; its present ETag differs from If-Match');
}

/** `If-None-Match` compares weakly (RFC 9110 section 13.1.2). */
export function noneMatch(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return true;
  return ifNoneMatch.trim() !== '*' && !splitTags(ifNoneMatch).some((tag) => tag.replace(/^W\//, '') === etag);
}

/** The request's `If-Match`, or undefined. */
export const IfMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'],
);

@Injectable()
class TaggedInterceptor implements NestInterceptor<TaggedSkill, SkillResponse | undefined> {
  intercept(context: ExecutionContext, next: CallHandler<TaggedSkill>): Observable<SkillResponse | undefined> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map(({ skill, etag }) => {
        void reply.header('etag', etag).header('cache-control', CACHE_CONTROL);
        if (request.method === 'POST') {
          void reply.header('location', `${request.url.split('?')[0]?.replace(/\/$/, '') ?? ''}/${skill.skill_id}`);
        }
        const fresh =
          (request.method === 'GET' || request.method === 'HEAD') && !noneMatch(request.headers['if-none-match'], etag);
        if (!fresh) return skill;
        void reply.status(304);
        return undefined;
      }),
    );
  }
}

/** A route that answers one Skill with its `ETag`; a GET answers `If-None-Match` with 304. */
export function TaggedSkillRoute(): MethodDecorator {
  return UseInterceptors(TaggedInterceptor);
}

/** Describes `If-Match` on a route that changes a Skill. */
export function ApiIfMatch(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'If-Match',
      required: false,
      description: 'ETag that the Skill must still have',
      schema: { type: 'string' },
    }),
    ApiErrors(1011),
  );
}

/** Describes `If-None-Match` on a route that reads a Skill. */
export function ApiIfNoneMatch(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: 'ETag that the caller has',
      schema: { type: 'string' },
    }),
    ApiResponse({ status: 304, description: 'The Skill is still as the caller has it' }),
  );
}
