import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type AppSettings, appSettings, findPublicUrl, type SecuritySettings, securitySettings } from '#config';
import type { TokenScope } from './token-signer.js';

const LOCAL = 'localhost';
const HTTP = /^https?:/;

/**
 * Who this service is in tokens and in the metadata: only the settings decide, never a header of a request. The issuer is
 * SECURITY_JWT_ISSUER, otherwise APP_PUBLIC_URL. Without both it is the local address, or in production, where that is not
 * the same for all replicas, APP_NAME (docs/adr/0054).
 */
@Injectable()
export class ServiceIdentity implements TokenScope {
  readonly audience: string;

  constructor(
    @Inject(appSettings.KEY) private readonly app: AppSettings,
    @Inject(securitySettings.KEY) private readonly security: SecuritySettings,
    private readonly host: HttpAdapterHost,
  ) {
    this.audience = app.name;
  }

  /** The base URL of the endpoints, without a slash at its end. */
  get url(): string {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    const { host, port } = this.app;
    const address = server.address() ?? { address: host, family: '', port };
    return findPublicUrl(this.app, address, server instanceof TlsServer ? 'https' : 'http', LOCAL) ?? '';
  }

  /** The `issuer` of the metadata, and the `iss` of all tokens (RFC 8414 section 3.3). */
  get issuer(): string {
    return this.security.jwtIssuer ?? this.app.publicUrl ?? (this.app.isProduction ? this.app.name : this.url);
  }

  /** Tokens from before a change of the settings stay valid. Replicas on one machine differ in their ports. */
  accepts(issuer: unknown): boolean {
    const { jwtIssuer } = this.security;
    const { publicUrl, name, isProduction } = this.app;
    if (typeof issuer !== 'string') return false;
    if (issuer === (jwtIssuer ?? name) || issuer === publicUrl) return true;
    const isLocal = jwtIssuer === undefined && publicUrl === undefined && !isProduction;
    return (
      isLocal && HTTP.test(issuer) && URL.canParse(issuer) && new URL(issuer).hostname === new URL(this.url).hostname
    );
  }
}
