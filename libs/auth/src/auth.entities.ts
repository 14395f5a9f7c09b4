import { OidcCallerEntity } from './oidc/oidc-caller.entity.js';
import { ApiKeyEntity } from './api-keys/api-key.entity.js';
import { AuditBlockEntity, AuditSealEntity } from './audit/audit-block.entity.js';
import { AuditEntryEntity } from './audit/audit-entry.entity.js';
import { ClientEntity } from './clients/client.entity.js';
import { RevocationEntity } from './tokens/revocation.entity.js';
import { SessionEntity } from './sessions/session.entity.js';

/** The tables of this room. */
export const AUTH_ENTITIES = [
  ClientEntity,
  ApiKeyEntity,
  SessionEntity,
  RevocationEntity,
  AuditEntryEntity,
  AuditBlockEntity,
  AuditSealEntity,
  OidcCallerEntity,
];
