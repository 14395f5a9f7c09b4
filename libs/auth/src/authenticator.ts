import { Injectable } from '@nestjs/common';
import { AuthenticationError } from '#common';
import { setRequestActor } from '#logging';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Caller, callerOf, originOf, setCaller } from './caller.js';
import { TokensService } from './tokens.service.js';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const MAX_TOKEN_LENGTH = 8192;
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** Finds out who sends a request. */
@Injectable()
export class Authenticator {
  constructor(private readonly tokens: TokensService) {}

  /** The caller that the bearer token names; looked at once per request. @throws AuthenticationError (1002) */
  async authenticate(request: FastifyRequest): Promise<Caller> {
    const known = callerOf(request);
    if (known) return known;
    const caller = new Caller(await this.tokens.verify(bearerTokenOf(request)), originOf(request));
    setCaller(request, caller);
    setRequestActor(request, caller.clientId);
    return caller;
  }

  /**
   * Refuses a request with a body before the body is read: guards run after that, and who has no token shall not make
   * the service read megabytes. The token endpoint, whose callers have none yet, is the only public route that takes one.
   */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (request) => {
      const { url, config } = request.routeOptions;
      if (url !== undefined && !config.oauthErrors && WITH_BODY.has(request.method)) await this.authenticate(request);
    });
  }
}

/** The token of `Authorization: Bearer` (RFC 6750 section 2.1). */
function bearerTokenOf(request: FastifyRequest): string {
  const header = request.headers.authorization;
  if (header === undefined) throw new AuthenticationError('A bearer token is required');
  const token = header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header)?.[1] : undefined;
  if (token === undefined) throw new AuthenticationError('The Authorization header holds no bearer token', true);
  return token;
}
