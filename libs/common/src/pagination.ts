import { ApiProperty } from '@nestjs/swagger';
import { CursorField } from './cursor.js';
import { IntegerField } from './field.decorators.js';

export const MAX_PAGE_SIZE = 100;
export const MAX_LIMIT = 1000;
const MAX_OFFSET = 2_147_483_647;

/** A part of a sorted set: `limit` items behind the first `offset`, or behind a cursor. */
export interface Slice {
  offset: number;
  limit: number;
  cursor?: string | undefined;
}

/** A slice of a set, and the size of the whole. */
export interface Page<T> {
  total: number;
  items: T[];
  slice: Slice;
  /** The cursor of the next slice; undefined at the end. */
  next?: string | undefined;
}

/** The size of the whole set, if the slice includes its end; undefined: it must be counted. */
export function readTotal({ offset, cursor }: Slice, items: number, hasMore: boolean): number | undefined {
  return cursor === undefined && !hasMore && (items > 0 || offset === 0) ? offset + items : undefined;
}

/** `page` and `page_size`, as the protocol style counts. */
export class PageQuery {
  @IntegerField({ min: 1, max: 10_000_000, default: 1, required: false, query: true, description: 'Page, from 1' })
  page?: number;

  @IntegerField({
    min: 1,
    max: MAX_PAGE_SIZE,
    default: 10,
    required: false,
    query: true,
    description: 'Items per page',
  })
  page_size: number = 10;

  @CursorField('page')
  cursor?: string;
}

/** A page in the protocol style. The class of each list adds the items, under the name that the protocol gives them. */
export class PageResponse {
  @ApiProperty({ type: 'integer', example: 1, description: 'Total number of items on all pages' })
  total: number;

  @ApiProperty({ type: 'integer', example: 1, required: false, description: 'Absent if the request had a cursor' })
  page?: number;

  @ApiProperty({ type: 'integer', example: 10 })
  page_size: number;

  @ApiProperty({
    required: false,
    description:
      'The cursor of the next page; absent at the end. A page with a cursor may have fewer items than page_size',
  })
  next_cursor?: string;
}

export function toSlice({ page = 1, page_size, cursor }: PageQuery): Slice {
  return { offset: (page - 1) * page_size, limit: page_size, cursor };
}

/** The fields of a page in the protocol style, without its items. */
export function toPageResponse(query: PageQuery, { total, next }: Omit<Page<unknown>, 'items'>): PageResponse {
  const { page = 1, page_size, cursor } = query;
  return { total, ...(cursor === undefined && { page }), page_size, ...(next !== undefined && { next_cursor: next }) };
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
  skip?: number;

  @IntegerField({
    min: 1,
    max: MAX_LIMIT,
    default: 100,
    required: false,
    query: true,
    description: 'Maximum number of items',
  })
  limit: number = 100;

  @CursorField('skip')
  cursor?: string;
}

export function skipToSlice({ skip = 0, limit, cursor }: SkipQuery): Slice {
  return { offset: skip, limit, cursor };
}

/**
 * The `Link` header of a list (RFC 8288), with the request's own filters: `next` continues with a cursor; first, prev and last
 * count with `skip`. A page with a cursor has only first and next: nobody knows its place.
 */
export function linkHeader(requestUrl: string, { slice, total, next }: Omit<Page<unknown>, 'items'>): string {
  const { offset, limit, cursor } = slice;
  const [path = '', query = ''] = requestUrl.split('?', 2);
  const link = (relation: string, name: 'skip' | 'cursor', value: string): string => {
    const parameters = new URLSearchParams(query);
    parameters.delete(name === 'skip' ? 'cursor' : 'skip');
    parameters.set(name, value);
    parameters.set('limit', String(limit));
    return `<${path}?${parameters.toString()}>; rel="${relation}"`;
  };
  const isCounted = cursor === undefined;
  const last = Math.max(0, Math.ceil(total / limit) - 1) * limit;
  return [
    link('first', 'skip', '0'),
    ...(isCounted && offset > 0 ? [link('prev', 'skip', String(Math.max(0, offset - limit)))] : []),
    ...(next === undefined ? [] : [link('next', 'cursor', next)]),
    ...(isCounted ? [link('last', 'skip', String(last))] : []),
  ].join(', ');
}
