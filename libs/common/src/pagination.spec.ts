import { linkHeader, type Slice, toPageResponse, toSlice } from './pagination.js';

/** Relation → what it counts from. */
function parse(header: string): Record<string, number | string> {
  return Object.fromEntries(
    header.split(', ').map((link) => {
      const [, target = '', relation = ''] = /^<([^>]+)>; rel="(\w+)"$/.exec(link) ?? [];
      const parameters = new URL(target, 'http://x').searchParams;
      const skip = parameters.get('skip');
      return [relation, skip === null ? (parameters.get('cursor') ?? '') : Number(skip)];
    }),
  );
}

describe('linkHeader', () => {
  it.each<[slice: Slice, total: number, next: string | undefined, links: Record<string, number | string>]>([
    [{ offset: 0, limit: 10 }, 0, undefined, { first: 0, last: 0 }],
    [{ offset: 0, limit: 10 }, 10, undefined, { first: 0, last: 0 }],
    [{ offset: 0, limit: 10 }, 11, 'abc', { first: 0, next: 'abc', last: 10 }],
    [{ offset: 10, limit: 10 }, 11, undefined, { first: 0, prev: 0, last: 10 }],
    [{ offset: 10, limit: 10 }, 30, 'abc', { first: 0, prev: 0, next: 'abc', last: 20 }],
    [{ offset: 500, limit: 10 }, 30, undefined, { first: 0, prev: 490, last: 20 }],
    [{ offset: 2_147_483_647, limit: 1000 }, 5, undefined, { first: 0, prev: 2_147_482_647, last: 0 }],
    [{ offset: 0, limit: 10, cursor: 'abc' }, 30, 'def', { first: 0, next: 'def' }],
    [{ offset: 0, limit: 10, cursor: 'def' }, 30, undefined, { first: 0 }],
  ])('of %j of %d', (slice, total, next, links) => {
    expect(parse(linkHeader('/skills?cursor=abc', { slice, total, next }))).toEqual(links);
  });

  it('keeps the filters of the request, and escapes them', () => {
    const url = '/skills?q=%E5%A4%A9+a&metadata.k=%3E%22&status=a&status=b&skip=7';
    const header = linkHeader(url, { slice: { offset: 0, limit: 5 }, total: 6, next: 'abc' });
    const filters = 'q=%E5%A4%A9+a&metadata.k=%3E%22&status=a&status=b';
    expect(header).toContain(`</skills?${filters}&skip=0&limit=5>; rel="first"`);
    expect(header).toContain(`</skills?${filters}&cursor=abc&limit=5>; rel="next"`);
    expect(header.match(/[<>]/g)).toHaveLength(6);
  });
});

describe('pages in the protocol style', () => {
  it('count from 1', () => {
    expect(toSlice({ page_size: 10 })).toEqual({ offset: 0, limit: 10 });
    expect(toSlice({ page: 3, page_size: 25 })).toEqual({ offset: 50, limit: 25 });
  });

  it('have a number or a cursor, and the next cursor up to the end', () => {
    const slice = { offset: 0, limit: 10 };
    expect(toPageResponse({ page_size: 10 }, { total: 3, slice })).toEqual({ total: 3, page: 1, page_size: 10 });
    expect(toPageResponse({ page_size: 10, cursor: 'abc' }, { total: 30, slice, next: 'def' })).toEqual({
      total: 30,
      page_size: 10,
      next_cursor: 'def',
    });
  });
});
