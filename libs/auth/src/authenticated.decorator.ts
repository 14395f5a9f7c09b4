import { applyDecorators, SetMetadata, type Type } from '@nestjs/common';
import { ApiBearerAuth, ApiOAuth2, ApiSecurity } from '@nestjs/swagger';
import { AddRouteConfig, ApiErrors, PermissionError, PUBLIC_ROUTE } from '#common';
import type { Caller } from './caller.js';
import type { Permission } from './roles.js';

export const REQUIRED_PERMISSION = 'ooder:permission';
export const BEARER_SCHEME = 'bearer';
export const OAUTH2_SCHEME = 'oauth2';
export const API_KEY_SCHEME = 'apiKey';

/** Instead of a permission: any caller with a valid credential. */
export const ANY_CALLER = 'any';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What callers of the route need. */
    permission?: Permission;
  }
}

/** A route for callers with this permission. It is checked before the body is read, and described in OpenAPI. */
export function Authenticated(permission: Permission | typeof ANY_CALLER): MethodDecorator {
  return applyDecorators(
    SetMetadata(REQUIRED_PERMISSION, permission),
    AddRouteConfig(permission === ANY_CALLER ? {} : { permission }),
    ApiBearerAuth(BEARER_SCHEME),
    ApiOAuth2(permission === ANY_CALLER ? [] : [permission], OAUTH2_SCHEME),
    ApiSecurity(API_KEY_SCHEME),
    ApiErrors(1002, 1003, 1007, 1008),
  );
}

/** What a method of a controller requires of its callers; undefined: it is closed to everybody. */
export type Requirement = Permission | typeof ANY_CALLER | typeof PUBLIC_ROUTE | undefined;

/** The error for a caller without this permission; undefined: it has it. */
export function permissionFault(caller: Caller, needed: Permission): PermissionError | undefined {
  return caller.may(needed) ? undefined : new PermissionError(`This needs the permission ${needed}`);
}

const requirements = new WeakMap<object, Requirement>();

/** Looked up once for each method. */
export function findRequirement(controller: Type<object>, method: object): Requirement {
  if (!requirements.has(method)) requirements.set(method, readRequirement([method, controller]));
  return requirements.get(method);
}

function readRequirement(targets: readonly object[]): Requirement {
  const find = (key: string): unknown =>
    targets.map((target): unknown => Reflect.getMetadata(key, target)).find((value) => value !== undefined);
  return find(PUBLIC_ROUTE) ? PUBLIC_ROUTE : (find(REQUIRED_PERMISSION) as Requirement);
}
