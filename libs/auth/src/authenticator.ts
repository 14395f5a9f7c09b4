import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { AuthenticationError } from '#common';
import { setRequestActor } from '#logging';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isApiKey } from './api-keys/api-key.js';
import { ApiKeyVerifier } from './api-keys/api-key-verifier.js';
import { permissionFault } from './authenticated.decorator.js';
import { Caller, getCaller, type Identity, readOrigin, setCaller, setRefusedCredential } from './caller.js';
import { RefusedCredentialError } from './refused-credential.js';
import { TokensService } from './tokens/tokens.service.js';
import type { Credential } from './tokens/verified-tokens.js';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const AUTHORIZATION = 'authorization';
const MAX_TOKEN_LENGTH = 8192;
/** Fastify reads no body of these. */
const WITHOUT_BODY = new Set(['GET', 'HEAD']);

const LAST = Symbol('last credential');
/** Keeps the credential of its last request: most callers send the same token again. */
type Connection = Socket & { [LAST]?: { authorization: string; credential: Credential } };

/** Authenticates requests by bearer token or API key. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly tokens: TokensService,
    private readonly apiKeys: ApiKeyVerifier,
  ) {}

  /** The caller of a request, authenticated once per request. @throws AuthenticationError (1002) */
  async authenticate(request: FastifyRequest): Promise<Caller> {
    return this.recognize(request) ?? introduce(request, await this.identifyOrNote(request));
  }

  /**
   * The same without waiting: for a request that was authenticated before, or whose token was verified before and is still
   * valid. Undefined: not known yet, call `authenticate`.
   */
  recognize(request: FastifyRequest): Caller | undefined {
    const known = getCaller(request);
    if (known) return known;
    const identity = this.identityOf(request.raw);
    return identity && introduce(request, identity);
  }

  /** The same for a request of Node, before Fastify has seen it. */
  identityOf({ socket, headers, rawHeaders }: IncomingMessage): Identity | undefined {
    const { authorization } = headers;
    if (authorization === undefined || headers['x-api-key'] !== undefined || isRepeated(rawHeaders)) return undefined;
    const connection: Connection = socket;
    if (connection[LAST]?.authorization !== authorization) return this.recall(authorization, connection);
    const { credential } = connection[LAST];
    return this.tokens.holds(credential) ? credential.identity : undefined;
  }

  /** For a connection that several callers share. */
  private recall(authorization: string, connection: Connection): Identity | undefined {
    const token = tokenIn(authorization);
    const credential = token === undefined ? undefined : this.tokens.recall(token);
    if (credential) connection[LAST] = { authorization, credential };
    return credential?.identity;
  }

  /** Notes the owner of an expired or revoked credential, for the audit log. */
  private async identifyOrNote(request: FastifyRequest): Promise<Identity> {
    try {
      return await this.identify(request);
    } catch (error) {
      if (error instanceof RefusedCredentialError) setRefusedCredential(request, error);
      throw error;
    }
  }

  /** Accepts one credential only: a proxy and this service might choose different ones. */
  private async identify(request: FastifyRequest): Promise<Identity> {
    const apiKey = request.headers['x-api-key'];
    if (apiKey === undefined) {
      const token = readBearerToken(request);
      // For clients that cannot send X-API-Key, such as Prometheus.
      if (isApiKey(token)) return this.apiKeys.verify(token);
      const credential = await this.tokens.verify(token);
      const { authorization = '' } = request.headers;
      (request.raw.socket as Connection)[LAST] = { authorization, credential };
      return credential.identity;
    }
    if (request.headers.authorization !== undefined) {
      throw new AuthenticationError('Send a bearer token or an API key, not both');
    }
    return this.apiKeys.verify(String(apiKey));
  }

  /**
   * Refuses a request before its body is read: guards run after that, and a caller without permission must not make the
   * service read megabytes. Only the routes that take a client's secret are public and have a body.
   */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, _reply, done) => {
      const { url, config } = request.routeOptions;
      if (url === undefined || config.oauthErrors || WITHOUT_BODY.has(request.method)) {
        done();
        return;
      }
      const { permission } = config;
      const faultOf = (caller: Caller) => (permission === undefined ? undefined : permissionFault(caller, permission));
      const caller = this.recognize(request);
      if (caller) done(faultOf(caller));
      else
        this.authenticate(request).then((known) => {
          done(faultOf(known));
        }, done);
    });
  }
}

function introduce(request: FastifyRequest, identity: Identity): Caller {
  const caller = new Caller(identity, readOrigin(request));
  setCaller(request, caller);
  setRequestActor(request, caller.clientId);
  return caller;
}

/** The token of `Authorization: Bearer` (RFC 6750 section 2.1). */
function readBearerToken(request: FastifyRequest): string {
  const header = request.headers.authorization;
  if (header === undefined) throw new AuthenticationError('A bearer token or an API key is required');
  const token = tokenIn(header);
  if (token === undefined || isRepeated(request.raw.rawHeaders)) {
    throw new AuthenticationError('The Authorization header holds no bearer token', true);
  }
  return token;
}

function tokenIn(header: string): string | undefined {
  return header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header)?.[1] : undefined;
}

/** Node keeps the first of several headers; a proxy may keep another one. */
function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) count += 1;
  }
  return count > 1;
}
