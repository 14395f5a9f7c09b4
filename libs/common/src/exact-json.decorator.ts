import { AddRouteConfig } from './route-config.decorator.js';

/** The members of a body that reach the controller as `JsonText`. */
export interface ExactMembers {
  /** Their names; undefined: all members. */
  members?: readonly string[];
  /** The members are those of each object in this list of the body. */
  list?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    exactJson?: ExactMembers;
  }
}

/**
 * A route whose body is passed on in part as it was written (docs/adr/0053). In the members that this names any key is data,
 * `__proto__` too. A body in which an object has one name twice is refused (1001).
 */
export function ExactJson(exactJson: ExactMembers): MethodDecorator {
  return AddRouteConfig({ exactJson });
}
