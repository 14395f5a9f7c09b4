import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

/** Bytes of a request body; more is refused with 1001. */
export const BODY_LIMIT = 1024 * 1024;
const LARGE_BODY_LIMIT = 8 * 1024 * 1024;

declare module 'fastify' {
  interface FastifyContextConfig {
    largeBody?: boolean;
  }
}

/** A route whose body may have 8 MiB instead of 1 MiB: a batch. */
export function LargeBody(): MethodDecorator {
  return RouteConfig({ largeBody: true });
}

/** Gives the routes marked with `LargeBody` their limit; to be called before routes are registered. */
export function allowLargeBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (route.config?.largeBody) route.bodyLimit = LARGE_BODY_LIMIT;
  });
}
