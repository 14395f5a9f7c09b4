import { Injectable } from '@nestjs/common';
import { AuthenticationError } from '#common';
import { setRequestActor } from '#logging';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiKeyVerifier } from './api-key-verifier.js';
import { Caller, callerOf, type Identity, originOf, setCaller, setRefusedCredential } from './caller.js';
import { RefusedCredentialError } from './refused-credential.js';
import { TokensService } from './tokens.service.js';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const MAX_TOKEN_LENGTH = 8192;
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** Finds out who sends a request. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly tokens: TokensService,
    private readonly apiKeys: ApiKeyVerifier,
  ) {}

  /** The caller that the bearer token or the API key names; looked at once per request. @throws AuthenticationError (1002) */
  async authenticate(request: FastifyRequest): Promise<Caller> {
    const known = callerOf(request);
    if (known) return known;
    const caller = new Caller(await this.identifyOrNote(request), originOf(request));
    setCaller(request, caller);
    setRequestActor(request, caller.clientId);
    return caller;
  }

  /** What is refused though it was good once keeps its owner's name, for the audit log. */
  private async identifyOrNote(request: FastifyRequest): Promise<Identity> {
    try {
      return await this.identify(request);
    } catch (error) {
      if (error instanceof RefusedCredentialError) setRefusedCredential(request, error);
      throw error;
    }
  }

  /** By one of the two: which of them counts must not depend on what is in between. */
  private identify(request: FastifyRequest): Promise<Identity> {
    const apiKey = request.headers['x-api-key'];
    if (apiKey === undefined) return this.tokens.verify(bearerTokenOf(request));
    if (request.headers.authorization !== undefined) {
      throw new AuthenticationError('Send a bearer token or an API key, not both');
    }
    return this.apiKeys.verify(String(apiKey));
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
  if (header === undefined) throw new AuthenticationError('A bearer token or an API key is required');
  const token = header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header)?.[1] : undefined;
  if (token === undefined || isRepeated(request)) {
    throw new AuthenticationError('The Authorization header holds no bearer token', true);
  }
  return token;
}

/** Node keeps the first of several; which one another program in between would keep is anybody's guess. */
function isRepeated({ raw: { rawHeaders } }: FastifyRequest): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'authorization') count += 1;
  return count > 1;
}
