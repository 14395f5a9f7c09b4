export { AdminClient } from './clients/admin-client.js';
export { AuthModule } from './auth.module.js';
export { type AuditActor, type AuditChange, AuditLog, systemActor } from './audit/audit-log.js';
export { type AuditReport, type NotedBlock, verifyAudit } from './audit/audit-verifier.js';
export { RefusedRequests } from './audit/refused-requests.js';
export {
  ANY_CALLER,
  API_KEY_SCHEME,
  Authenticated,
  BEARER_SCHEME,
  OAUTH2_SCHEME,
  REQUIRED_PERMISSION,
} from './authenticated.decorator.js';
export { Authenticator } from './authenticator.js';
export { CallerAssertions } from './tokens/caller-assertions.js';
export { Caller, CurrentCaller, type Identity, markKnownClient } from './caller.js';
export { ClientBelongings } from './clients/client-belongings.js';
export { ClientLookup } from './clients/client-lookup.js';
export { AUTH_ENTITIES } from './auth.entities.js';
export { type ClaimedClient, readClaimedClient, shortenClaimedName } from './tokens/claimed-client.js';
export { OAuthError, OAuthErrorResponse } from './tokens/oauth-error.js';
export { type Permission, PERMISSION_TEXTS, PERMISSIONS, listPermissions, type Role, ROLES } from './roles.js';
export type { ClientImporter, ImportedClient } from './transfer/client.importer.js';
export { createClientImporter } from './transfer/create-client-importer.js';
export { ClientLine } from './transfer/client.line.js';
export { exportedClients } from './transfer/exported-clients.js';
