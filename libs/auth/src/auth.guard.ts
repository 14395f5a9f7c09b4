import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { PermissionError, PUBLIC_ROUTE } from '#common';
import type { FastifyRequest } from 'fastify';
import { ANY_CALLER, REQUIRED_PERMISSION } from './authenticated.decorator.js';
import { Authenticator } from './authenticator.js';
import type { Permission } from './roles.js';

/** Guards every route that is not marked public; a route that names no permission is closed to everybody. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets)) return true;
    const caller = await this.authenticator.authenticate(context.switchToHttp().getRequest<FastifyRequest>());
    const permission = this.reflector.getAllAndOverride<Permission | typeof ANY_CALLER | undefined>(
      REQUIRED_PERMISSION,
      targets,
    );
    if (permission === ANY_CALLER) return true;
    if (permission === undefined || !caller.may(permission)) {
      throw new PermissionError(permission && `This needs the permission ${permission}`);
    }
    return true;
  }
}
