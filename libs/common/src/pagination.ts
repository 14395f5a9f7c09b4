import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { ApiProperty, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { IntegerField } from './field.decorators.js';

export const MAX_PAGE_SIZE = 100;
export const MAX_LIMIT = 1000;
const MAX_OFFSET = 2_147_483_647;

/** A part of a sorted set. */
export interface Slice {
  offset: number;
  limit: number;
}

/** A slice of a set, and the size of the whole. */
export interface Page<T> {
  total: number;
  items: T[];
  slice: Slice;
}

/** The size of the whole set, if the slice includes its end; undefined: it must be counted. */
export function readTotal({ offset, limit }: Slice, items: number): number | undefined {
  return items < limit && (items > 0 || offset === 0) ? offset + items : undefined;
}

/** `page` and `page_size`, as the protocol style counts. */
export class PageQuery {
  @IntegerField({ min: 1, max: 10_000_000, default: 1, required: false, query: true, description: 'Page, from 1' })
  page: number = 1;

  @IntegerField({
    min: 1,
    max: MAX_PAGE_SIZE,
    default: 10,
    required: false,
    query: true,
    description: 'Items per page',
  })
  page_size: number = 10;
}

/** A page in the protocol style. The class of each list adds the items, under the name that the protocol gives them. */
export class PageResponse {
  @ApiProperty({ type: 'integer', example: 1, description: 'Total number of items on all pages' })
  total: number;

  @ApiProperty({ type: 'integer', example: 1 })
  page: number;

  @ApiProperty({ type: 'integer', example: 10 })
  page_size: number;
}

export function toSlice({ page, page_size }: PageQuery): Slice {
  return { offset: (page - 1) * page_size, limit: page_size };
}

/** `skip` and `limit`, as the resource style counts. */
export class SkipQuery {
  @IntegerField({
    min: 0,
    max: MAX_OFFSET,
    default: 0,
    required: false,
    query: true,
    description: 'Number of items to skip',
  })
  skip: number = 0;

  @IntegerField({
    min: 1,
    max: MAX_LIMIT,
    default: 100,
    required: false,
    query: true,
    description: 'Maximum number of items',
  })
  limit: number = 100;
}

/** The `Link` header of a list (RFC 8288): first, prev, next and last, each with the request's own filters. */
export function linkHeader(requestUrl: string, { offset, limit }: Slice, total: number): string {
  const [path = '', query = ''] = requestUrl.split('?', 2);
  const link = (relation: string, skip: number): string => {
    const parameters = new URLSearchParams(query);
    parameters.set('skip', String(skip));
    parameters.set('limit', String(limit));
    return `<${path}?${parameters.toString()}>; rel="${relation}"`;
  };
  const last = Math.max(0, Math.ceil(total / limit) - 1) * limit;
  return [
    link('first', 0),
    ...(offset > 0 ? [link('prev', Math.max(0, offset - limit))] : []),
    ...(offset + limit < total ? [link('next', offset + limit)] : []),
    link('last', last),
  ].join(', ');
}

@Injectable()
class ListInterceptor implements NestInterceptor<Page<unknown>, unknown[]> {
  intercept(context: ExecutionContext, next: CallHandler<Page<unknown>>): Observable<unknown[]> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map(({ total, items, slice }) => {
        void reply.header('x-total-count', String(total)).header('link', linkHeader(request.url, slice, total));
        return items;
      }),
    );
  }
}

/** A list in the resource style: an array, with `X-Total-Count` and `Link` headers. */
export function ListRoute(model: Type): MethodDecorator {
  return applyDecorators(
    UseInterceptors(ListInterceptor),
    ApiResponse({
      status: 200,
      type: model,
      isArray: true,
      description: 'A part of the list',
      headers: {
        'X-Total-Count': { description: 'Size of the whole list', schema: { type: 'integer' } },
        Link: { description: 'first, prev, next and last part (RFC 8288)', schema: { type: 'string' } },
      },
    }),
  );
}
