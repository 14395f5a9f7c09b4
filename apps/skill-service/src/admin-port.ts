import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { Authenticator, type Permission } from '#auth';
import { NotFoundError, PermissionError } from '#common';
import { type OperationsSettings, operationsSettings } from '#config';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toPortError } from './port-error.js';
import type { TlsCertificate } from './tls-certificate.js';

/** Few programs read metrics. */
const MAX_CONNECTIONS = 100;
/** Operators have it, and an API key can be limited to it: metrics tell no more about others than the audit log. */
const NEEDED: Permission = 'audit:read';
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health']);
const DOCUMENT = /^\/(?:metrics|docs|openapi\.(?:json|yaml))(?:\/|$)/;

/**
 * Metrics, Swagger UI and the OpenAPI document: public, on a port of their own (ADMIN_PORT), or only for callers with the
 * permission (ADMIN_TOKEN_REQUIRED). Probes are on both ports (docs/adr/0034).
 */
@Injectable()
export class AdminPort {
  private readonly requests = new WeakSet<IncomingMessage>();
  private server: Server | undefined;

  constructor(
    @Inject(operationsSettings.KEY) private readonly settings: OperationsSettings,
    private readonly authenticator: Authenticator,
  ) {}

  /** The address of the documents, after `listen`; undefined if they are on the main port. */
  get url(): string | undefined {
    if (this.server === undefined) return undefined;
    const { address, family, port } = this.server.address() as AddressInfo;
    const scheme = 'setSecureContext' in this.server ? 'https' : 'http';
    return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** The server that `listen` opens; undefined without ADMIN_PORT. Its requests go through the same hooks and routes. */
  createServer(fastify: FastifyInstance, options: ServerOptions, tls: TlsCertificate | undefined): Server | undefined {
    if (this.settings.adminPort === undefined) return undefined;
    const server = tls ? createTlsServer({ ...options, ...tls.serverOptions }) : createServer(options);
    server.maxConnections = MAX_CONNECTIONS;
    server.on('request', (request, response) => {
      this.requests.add(request);
      fastify.routing(request, response);
    });
    this.server = server;
    fastify.addHook('onClose', (_, done) => {
      server.close(() => {
        done();
      });
      server.closeAllConnections();
    });
    return server;
  }

  /** Refuses requests that belong to the other port, and callers without the permission. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, _reply, done) => {
      const { url } = request.routeOptions;
      const isDocument = url !== undefined && DOCUMENT.test(url);
      // `refuseUnread` refuses those without a route.
      if (url !== undefined && this.hides(request.raw, url)) done(new NotFoundError('Route not found'));
      else if (!isDocument || !this.settings.isTokenRequired) done();
      else
        this.authorize(request).then(() => {
          done();
        }, done);
    });
  }

  /** Whether a route, by its template, is not there for this request, because it belongs to the other port. */
  hides(request: IncomingMessage, url: string): boolean {
    if (this.server === undefined || PROBES.has(url)) return false;
    return DOCUMENT.test(url) !== this.requests.has(request);
  }

  /** @throws PortError */
  async listen(): Promise<void> {
    const { server, settings } = this;
    if (server === undefined) return;
    const { adminHost: host, adminPort: port = 0 } = settings;
    try {
      await once(server.listen(port, host), 'listening');
    } catch (error) {
      throw toPortError(error, { host, port, hostVariable: 'ADMIN_HOST', portVariable: 'ADMIN_PORT' });
    }
  }

  /** @throws AuthenticationError, PermissionError */
  private async authorize(request: FastifyRequest): Promise<void> {
    const caller = await this.authenticator.authenticate(request);
    if (!caller.may(NEEDED) || caller.spaces !== undefined)
      throw new PermissionError(`This needs the permission ${NEEDED}, of a client that is not limited to Spaces`);
  }
}
