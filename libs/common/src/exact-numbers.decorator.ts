import { AddRouteConfig } from './route-config.decorator.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    exactNumbers?: boolean;
  }
}

/**
 * A route that keeps numbers of its body, such as those of a JSON Schema. A number that a double cannot hold, which would come back
 * as another one, is refused (1001).
 */
export function ExactNumbers(): MethodDecorator {
  return AddRouteConfig({ exactNumbers: true });
}
