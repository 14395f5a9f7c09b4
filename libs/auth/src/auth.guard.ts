import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { PermissionError, PUBLIC_ROUTE } from '#common';
import type { FastifyRequest } from 'fastify';
import { ANY_CALLER, permissionFault, findRequirement } from './authenticated.decorator.js';
import { Authenticator } from './authenticator.js';

/** Guards every route that is not public. A route without a permission is closed to everybody. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const needed = findRequirement(context.getClass(), context.getHandler());
    if (needed === PUBLIC_ROUTE) return true;
    const caller = await this.authenticator.authenticate(context.switchToHttp().getRequest<FastifyRequest>());
    if (needed === ANY_CALLER) return true;
    const fault = needed === undefined ? new PermissionError() : permissionFault(caller, needed);
    if (fault) throw fault;
    return true;
  }
}
