import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthenticationError, PermissionError, PUBLIC_ROUTE } from '#common';
import { setRequestActor } from '#logging';
import type { FastifyRequest } from 'fastify';
import { REQUIRED_PERMISSION } from './authenticated.decorator.js';
import { setCaller } from './caller.js';
import type { Permission } from './roles.js';
import { TokensService } from './tokens.service.js';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const MAX_TOKEN_LENGTH = 8192;

/** Guards every route that is not marked public; a route that names no permission is closed to everybody. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokensService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const caller = await this.tokens.verify(bearerTokenOf(request));
    setCaller(request, caller);
    setRequestActor(request, caller.clientId);
    const permission = this.reflector.getAllAndOverride<Permission | undefined>(REQUIRED_PERMISSION, targets);
    if (permission === undefined || !caller.may(permission)) {
      throw new PermissionError(permission && `This needs the permission ${permission}`);
    }
    return true;
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
