import { linkHeader, toSlice } from './pagination.js';

/** Relation → offset. */
function parse(header: string): Record<string, number> {
  return Object.fromEntries(
    header.split(', ').map((link) => {
      const [, target = '', relation = ''] = /^<([^>]+)>; rel="(\w+)"$/.exec(link) ?? [];
      return [relation, Number(new URL(target, 'http://x').searchParams.get('skip'))];
    }),
  );
}

describe('linkHeader', () => {
  it.each<[offset: number, limit: number, total: number, links: Record<string, number>]>([
    [0, 10, 0, { first: 0, last: 0 }],
    [0, 10, 10, { first: 0, last: 0 }],
    [0, 10, 11, { first: 0, next: 10, last: 10 }],
    [10, 10, 11, { first: 0, prev: 0, last: 10 }],
    [10, 10, 30, { first: 0, prev: 0, next: 20, last: 20 }],
    [3, 10, 30, { first: 0, prev: 0, next: 13, last: 20 }],
    [500, 10, 30, { first: 0, prev: 490, last: 20 }],
    [2_147_483_647, 1000, 5, { first: 0, prev: 2_147_482_647, last: 0 }],
  ])('from %d, %d of %d', (offset, limit, total, links) => {
    expect(parse(linkHeader('/skills', { offset, limit }, total))).toEqual(links);
  });

  it('keeps the filters of the request, and escapes them', () => {
    const header = linkHeader('/skills?q=%E5%A4%A9+a&metadata.k=%3E%22&skip=7', { offset: 0, limit: 5 }, 1);
    expect(header).toContain('</skills?q=%E5%A4%A9+a&metadata.k=%3E%22&skip=0&limit=5>; rel="first"');
    expect(header.match(/[<>]/g)).toHaveLength(4);
  });
});

describe('toSlice', () => {
  it('counts pages from 1', () => {
    expect(toSlice({ page: 1, page_size: 10 })).toEqual({ offset: 0, limit: 10 });
    expect(toSlice({ page: 3, page_size: 25 })).toEqual({ offset: 50, limit: 25 });
  });
});
