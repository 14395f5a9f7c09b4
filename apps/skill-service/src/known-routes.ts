import type { HTTPMethod } from 'find-my-way';
import FindMyWay from 'find-my-way';
import type { FastifyInstance } from 'fastify';

/** The routes of CORS for preflight requests. */
const EVERY_PATH = '*';

/** Says which methods a path has, for `Allow` (RFC 9110 section 10.2.1). Fastify says only whether a route matches. */
export class KnownRoutes {
  private readonly router;
  private readonly methods = new Set<HTTPMethod>();

  /** Takes the options of Fastify's own router. */
  constructor(options: { ignoreTrailingSlash: boolean; maxParamLength: number }) {
    this.router = FindMyWay(options);
  }

  /** Call it before routes are registered. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      if (url === EVERY_PATH) return;
      for (const each of [method].flat() as HTTPMethod[]) {
        this.methods.add(each);
        if (!this.router.hasRoute(each, url)) this.router.on(each, url, () => undefined, { url });
      }
    });
  }

  /** The methods of a path, of routes that `isShown` by their templates. None: there is no such route. */
  listMethods(path: string, isShown: (template: string) => boolean = () => true): string[] {
    return [...this.methods].filter((method) => {
      const found = this.router.find(method, path);
      return found !== null && isShown((found.store as { url: string }).url);
    });
  }
}
