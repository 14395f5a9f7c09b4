import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { CacheModule, RedisConnection } from '#cache';
import { securitySettings } from '#config';
import { OutboundModule } from '#outbound';
import { QuotasModule } from '#quotas';
import type { DataSource } from 'typeorm';
import { AdminClient } from './clients/admin-client.js';
import { ApiKeyCache } from './api-keys/api-key-cache.js';
import { ApiKeyUsage } from './api-keys/api-key-usage.js';
import { ApiKeyVerifier } from './api-keys/api-key-verifier.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditJobs } from './audit/audit-jobs.js';
import { AuditLog } from './audit/audit-log.js';
import { AuditRepository } from './audit/audit.repository.js';
import { AuditRetention } from './audit/audit-retention.js';
import { AuditSealer } from './audit/audit-sealer.js';
import { RefusedRequests } from './audit/refused-requests.js';
import { Authenticator } from './authenticator.js';
import { AuthGuard } from './auth.guard.js';
import { AUTH_ENTITIES } from './auth.entities.js';
import { CallerAssertions } from './tokens/caller-assertions.js';
import { ClientChangesService } from './clients/client-changes.service.js';
import { ClientBelongings } from './clients/client-belongings.js';
import { ClientCutOff } from './clients/client-cut-off.js';
import { ClientLookup } from './clients/client-lookup.js';
import { ClientsController } from './clients/clients.controller.js';
import { ClientsService } from './clients/clients.service.js';
import { SecretHasher } from './clients/secret-hasher.js';
import { RevocationList } from './tokens/revocation-list.js';
import { ServiceIdentity } from './tokens/service-identity.js';
import { createCallerSigner, createTokenSigner } from './tokens/token-signer.js';
import { GrantsService } from './tokens/grants.service.js';
import { MeController } from './clients/me.controller.js';
import { MetadataController } from './tokens/metadata.controller.js';
import { OidcCallersService } from './oidc/oidc-callers.service.js';
import { OidcKeys } from './oidc/oidc-keys.js';
import { OidcVerifier } from './oidc/oidc-verifier.js';
import { PostgresSessionStore } from './sessions/postgres-session-store.js';
import { RedisSessionStore } from './sessions/redis-session-store.js';
import { SessionPurge } from './sessions/session-purge.js';
import { SessionStore } from './sessions/session-store.js';
import { SessionsService } from './sessions/sessions.service.js';
import { TokenStatusController } from './tokens/token-status.controller.js';
import { TokenStatusService } from './tokens/token-status.service.js';
import { TokenController } from './tokens/token.controller.js';
import { CALLER_SIGNER, TOKEN_SIGNER, TokensService } from './tokens/tokens.service.js';

/** Clients, tokens, sessions, roles, and the guard of every route. */
@Module({
  imports: [TypeOrmModule.forFeature(AUTH_ENTITIES), CacheModule, OutboundModule, QuotasModule],
  controllers: [
    TokenController,
    TokenStatusController,
    MeController,
    MetadataController,
    ClientsController,
    ApiKeysController,
    AuditController,
  ],
  providers: [
    SecretHasher,
    ClientsService,
    ClientChangesService,
    ClientBelongings,
    ClientCutOff,
    ClientLookup,
    ApiKeysService,
    ApiKeyVerifier,
    ApiKeyCache,
    ApiKeyUsage,
    TokensService,
    GrantsService,
    TokenStatusService,
    SessionsService,
    SessionPurge,
    OidcKeys,
    OidcVerifier,
    OidcCallersService,
    {
      provide: SessionStore,
      inject: [RedisConnection, getDataSourceToken()],
      useFactory: (redis: RedisConnection, dataSource: DataSource) =>
        redis.isConfigured ? new RedisSessionStore(redis) : new PostgresSessionStore(dataSource),
    },
    AdminClient,
    Authenticator,
    CallerAssertions,
    ServiceIdentity,
    RevocationList,
    AuditLog,
    AuditRepository,
    AuditSealer,
    AuditRetention,
    RefusedRequests,
    AuditJobs,
    {
      provide: TOKEN_SIGNER,
      inject: [securitySettings.KEY, ServiceIdentity],
      useFactory: createTokenSigner,
    },
    {
      provide: CALLER_SIGNER,
      inject: [securitySettings.KEY, ServiceIdentity, TOKEN_SIGNER],
      useFactory: createCallerSigner,
    },
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [AdminClient, Authenticator, AuditLog, CallerAssertions, ClientBelongings, ClientLookup, RefusedRequests],
})
export class AuthModule {}
