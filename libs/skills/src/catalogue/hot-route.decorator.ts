import { AddRouteConfig } from '#common';

/** A route whose answers may be kept ready: they depend on its URL, on Skills, and on the Spaces of the caller; on nothing else. */
export interface HotRouteOptions {
  /** The parameter of the path that holds the id of the one Skill that is answered; undefined: any may show. */
  skillParameter?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    hot?: HotRouteOptions;
  }
}

/** Lets `HotAnswers` answer a GET route, which must need the permission `skill:read` and no other. */
export function HotRoute(hot: HotRouteOptions = {}): MethodDecorator {
  return AddRouteConfig({ hot });
}
