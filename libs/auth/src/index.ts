export { AdminClient } from './admin-client.js';
export { AuthModule } from './auth.module.js';
export { Authenticated, BEARER_SCHEME, OAUTH2_SCHEME, REQUIRED_PERMISSION } from './authenticated.decorator.js';
export { Authenticator } from './authenticator.js';
export { Caller, CurrentCaller } from './caller.js';
export { AUTH_ENTITIES } from './auth.entities.js';
export { OAuthError, OAuthErrorResponse } from './oauth-error.js';
export { type Permission, PERMISSIONS, permissionsOf, type Role, ROLES } from './roles.js';
