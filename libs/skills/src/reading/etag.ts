import {
  applyDecorators,
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { ApiErrors, PreconditionFailedError, splitTags, tagAnswer } from '#common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { deprecationHeaders } from '../model/deprecation.js';
import type { SkillResponse, TaggedSkill } from '../model/skill.response.js';

/** `If-Match` compares strongly: a weak tag never matches (RFC 9110 section 13.1.1). */
export function assertMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*' || splitTags(ifMatch).includes(etag)) return;
  throw new PreconditionFailedError('The Skill has changed; its present ETag differs from If-Match');
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
      map(({ skill, etag, deprecation }) => {
        void reply.headers(deprecationHeaders(deprecation));
        const isNew = tagAnswer(request, reply, etag);
        if (request.method === 'POST') {
          void reply.header('location', `${request.url.split('?')[0]?.replace(/\/$/, '') ?? ''}/${skill.id}`);
        }
        return isNew ? skill : undefined;
      }),
    );
  }
}

/** A route that answers one Skill with its `ETag`, and `Deprecation` and `Sunset` if it is deprecated; a GET answers `If-None-Match` with 304. */
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
