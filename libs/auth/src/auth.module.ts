import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type AppSettings, appSettings, type SecuritySettings, securitySettings } from '#config';
import { AdminClient } from './admin-client.js';
import { Authenticator } from './authenticator.js';
import { AuthGuard } from './auth.guard.js';
import { ClientEntity } from './client.entity.js';
import { ClientsController } from './clients.controller.js';
import { ClientsService } from './clients.service.js';
import { createTokenSigner } from './token-signer.js';
import { TokenController } from './token.controller.js';
import { TOKEN_SIGNER, TokensService } from './tokens.service.js';

/** Clients, tokens, roles, and the guard of every route. */
@Module({
  imports: [TypeOrmModule.forFeature([ClientEntity]), JwtModule.register({})],
  controllers: [TokenController, ClientsController],
  providers: [
    ClientsService,
    TokensService,
    AdminClient,
    Authenticator,
    {
      provide: TOKEN_SIGNER,
      inject: [securitySettings.KEY, JwtService, appSettings.KEY],
      useFactory: (security: SecuritySettings, jwt: JwtService, app: AppSettings) =>
        createTokenSigner(security, jwt, { issuer: app.name, audience: app.name }),
    },
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [AdminClient, Authenticator],
})
export class AuthModule {}
