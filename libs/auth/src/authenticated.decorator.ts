import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiOAuth2 } from '@nestjs/swagger';
import { ApiErrors } from '#common';
import type { Permission } from './roles.js';

export const REQUIRED_PERMISSION = 'ooder:permission';
export const BEARER_SCHEME = 'bearer';
export const OAUTH2_SCHEME = 'oauth2';

/** A route for callers with this permission: read by the guard, and told to OpenAPI. */
export function Authenticated(permission: Permission): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(REQUIRED_PERMISSION, permission),
    ApiBearerAuth(BEARER_SCHEME),
    ApiOAuth2([permission], OAUTH2_SCHEME),
    ApiErrors(1002, 1003, 1007, 1008),
  );
}
