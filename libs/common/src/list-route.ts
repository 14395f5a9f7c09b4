import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { ApiIfNoneMatch, tagAnswer, tagOf } from './entity-tag.js';
import { writeEnvelope, DescribeEnvelope } from './envelope.js';
import { linkHeader, type Page, type PageResponse } from './pagination.js';

const ETAG = { ETag: { description: 'Changes with the answer', schema: { type: 'string' } } } as const;

/** Returns the JSON text to send with its ETag; undefined: the caller has it already. */
function tagged(context: ExecutionContext, body: string, headers: Record<string, string> = {}): string | undefined {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const reply = context.switchToHttp().getResponse<FastifyReply>();
  if (!tagAnswer(request, reply, tagOf(body))) return undefined;
  void reply.headers({ 'content-type': 'application/json; charset=utf-8', ...headers });
  return body;
}

@Injectable()
class ListInterceptor implements NestInterceptor<Page<unknown>, string | undefined> {
  intercept(context: ExecutionContext, next: CallHandler<Page<unknown>>): Observable<string | undefined> {
    const { url } = context.switchToHttp().getRequest<FastifyRequest>();
    return next.handle().pipe(
      map((page) => {
        const headers = { 'x-total-count': String(page.total), link: linkHeader(url, page) };
        return tagged(context, JSON.stringify(page.items), headers);
      }),
    );
  }
}

/** A list in the resource style: an array, with `X-Total-Count`, `Link` and `ETag` headers. */
export function ListRoute(model: Type): MethodDecorator {
  return applyDecorators(
    UseInterceptors(ListInterceptor),
    ApiIfNoneMatch(),
    ApiResponse({
      status: 200,
      type: model,
      isArray: true,
      description: 'A part of the list',
      headers: {
        'X-Total-Count': { description: 'Size of the whole list', schema: { type: 'integer' } },
        Link: {
          description: 'next part by a cursor; first, prev and last part by skip (RFC 8288)',
          schema: { type: 'string' },
        },
        ...ETAG,
      },
    }),
  );
}

@Injectable()
class PageInterceptor implements NestInterceptor<PageResponse, string | undefined> {
  intercept(context: ExecutionContext, next: CallHandler<PageResponse>): Observable<string | undefined> {
    return next.handle().pipe(map((page) => tagged(context, writeEnvelope(page))));
  }
}

/** A list in the protocol style: a `PageResponse` in the envelope, with an `ETag`. */
export function PageRoute(model: Type<PageResponse>): MethodDecorator {
  return applyDecorators(UseInterceptors(PageInterceptor), ApiIfNoneMatch(), DescribeEnvelope(model, ETAG));
}
