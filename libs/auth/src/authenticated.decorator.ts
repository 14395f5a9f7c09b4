import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiOAuth2, ApiSecurity } from '@nestjs/swagger';
import { ApiErrors } from '#common';
import type { Permission } from './roles.js';

export const REQUIRED_PERMISSION = 'ooder:permission';
export const BEARER_SCHEME = 'bearer';
export const OAUTH2_SCHEME = 'oauth2';
export const API_KEY_SCHEME = 'apiKey';

/** In place of a permission: whoever has a credential that holds. */
export const ANY_CALLER = 'any';

/** A route for callers with this permission: read by the guard, and told to OpenAPI. */
export function Authenticated(permission: Permission | typeof ANY_CALLER): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(REQUIRED_PERMISSION, permission),
    ApiBearerAuth(BEARER_SCHEME),
    ApiOAuth2(permission === ANY_CALLER ? [] : [permission], OAUTH2_SCHEME),
    ApiSecurity(API_KEY_SCHEME),
    ApiErrors(1002, 1003, 1007, 1008),
  );
}
