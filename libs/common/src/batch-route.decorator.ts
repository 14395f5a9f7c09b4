import type { FastifyInstance } from 'fastify';
import { AddRouteConfig } from './route-config.decorator.js';

/** Bytes of a request body; more is refused with 1001. */
export const BODY_LIMIT = 1024 * 1024;
const LARGE_BODY_LIMIT = 8 * 1024 * 1024;
/** Values of a body: members of objects and items of lists, at all levels. The work that a body causes grows with them. */
export const MAX_BODY_VALUES = 50_000;
/** The same for a large batch, whose items are read one by one. */
export const MAX_BATCH_VALUES = 500_000;
/** Bytes of a body with a client secret: all parameters at their longest, written as a form. */
const SECRET_BODY_LIMIT = 64 * 1024;

/** A route that does many things at once. */
export interface BatchOptions {
  /** The field of the body that lists them. */
  list: string;
  /** So many items count as one request. */
  itemsPerRequest: number;
  /** Whether the body may have 8 MiB instead of 1 MiB. */
  isLarge?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    batch?: BatchOptions;
  }
}

export function BatchRoute(batch: BatchOptions): MethodDecorator {
  return AddRouteConfig({ batch });
}

/** Sets the body limits of routes that differ from the default. Call it before routes are registered. */
export function limitBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (route.config?.batch?.isLarge) route.bodyLimit = LARGE_BODY_LIMIT;
    if (route.config?.oauthErrors) route.bodyLimit = SECRET_BODY_LIMIT;
  });
}

/** The cost of a batch in requests; 1 for any other body. */
export function countCost({ list, itemsPerRequest }: BatchOptions, body: unknown): number {
  const items = (body as Record<string, unknown> | null | undefined)?.[list];
  return Array.isArray(items) ? Math.max(1, Math.ceil(items.length / itemsPerRequest)) : 1;
}
