import { AddRouteConfig } from '#common';

/** A route whose answers may be kept in memory: they depend only on the URL, on Skills, and on the Spaces of the caller. */
export interface HotRouteOptions {
  /** The path parameter with the id of the one Skill in the answer; undefined: the answer may show any Skill. */
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
