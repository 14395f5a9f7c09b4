import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type AppSettings, appSettings, type SecuritySettings, securitySettings } from '#config';
import { AdminClient } from './admin-client.js';
import { AuditLog } from './audit/audit-log.js';
import { Authenticator } from './authenticator.js';
import { AuthGuard } from './auth.guard.js';
import { AUTH_ENTITIES } from './auth.entities.js';
import { ClientsController } from './clients.controller.js';
import { ClientsService } from './clients.service.js';
import { RevocationList } from './revocation-list.js';
import { createTokenSigner } from './token-signer.js';
import { TokenController } from './token.controller.js';
import { TOKEN_SIGNER, TokensService } from './tokens.service.js';

/** Clients, tokens, roles, and the guard of every route. */
@Module({
  imports: [TypeOrmModule.forFeature(AUTH_ENTITIES), JwtModule.register({})],
  controllers: [TokenController, ClientsController],
  providers: [
    ClientsService,
    TokensService,
    AdminClient,
    Authenticator,
    RevocationList,
    AuditLog,
    {
      provide: TOKEN_SIGNER,
      inject: [securitySettings.KEY, JwtService, appSettings.KEY],
      useFactory: (security: SecuritySettings, jwt: JwtService, app: AppSettings) =>
        createTokenSigner(security, jwt, { issuer: app.name, audience: app.name }),
    },
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [AdminClient, Authenticator, AuditLog],
})
export class AuthModule {}
