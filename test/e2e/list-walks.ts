import type { Response } from 'supertest';
import type { Api } from './api.js';

/** More pages than any list of a test has. */
const MAX_PAGES = 500;

interface Walk<T> {
  items: T[];
  pages: number;
}

/** Follows the `next` links of a list in the resource style. `between` runs after each page. */
export async function followLinks<T>(
  api: Api,
  path: string,
  between: (items: T[]) => Promise<unknown> = () => Promise.resolve(),
): Promise<Walk<T>> {
  const items: T[] = [];
  let pages = 0;
  for (let next: string | undefined = path; next !== undefined; pages += 1) {
    const { body, headers }: Response = await api.get(next).expect(200);
    items.push(...(body as T[]));
    next = /<\/api\/v1([^>]+)>; rel="next"/.exec(headers.link ?? '')?.[1];
    expect(pages).toBeLessThan(MAX_PAGES);
    if (next !== undefined) await between(items);
  }
  return { items, pages };
}

/** Follows the cursors of a list in the protocol style, whose items have this name. `between` runs after each page. */
export async function followCursors<T>(
  api: Api,
  path: string,
  name: string,
  between: (items: T[]) => Promise<unknown> = () => Promise.resolve(),
): Promise<Walk<T>> {
  const items: T[] = [];
  let pages = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; pages += 1) {
    const { body }: Response = await api.get(cursor === '' ? path : `${path}&cursor=${cursor}`).expect(200);
    const data = body.data as Record<string, unknown> & { next_cursor?: string };
    items.push(...(data[name] as T[]));
    expect('page' in data).toBe(cursor === '');
    cursor = data.next_cursor;
    expect(pages).toBeLessThan(MAX_PAGES);
    if (cursor !== undefined) await between(items);
  }
  return { items, pages };
}
