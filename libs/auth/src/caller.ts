import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { AuthenticationError, PermissionError } from '#common';
import type { FastifyRequest } from 'fastify';
import type { RefusedCredentialError } from './refused-credential.js';
import { isBoundToOwnSkills, type Permission, type Role } from './roles.js';

/** The identity that a token or a key proves. */
export interface Identity {
  readonly clientId: string;
  readonly role: Role;
  /** What the credential grants: the role's permissions, narrowed by its scope. */
  readonly permissions: ReadonlySet<Permission>;
  /** The Spaces that the client is limited to; undefined: it is not limited. */
  readonly spaces?: ReadonlySet<string>;
  /** When the credential expires by itself; undefined: never. */
  readonly expiresAt?: Date;
}

/** Where a request comes from, for the audit log. */
export interface RequestOrigin {
  readonly traceId: string;
  readonly address: string;
}

/** Who sends a request. */
export class Caller {
  constructor(
    readonly identity: Identity,
    readonly origin: RequestOrigin,
  ) {}

  get clientId(): string {
    return this.identity.clientId;
  }

  get role(): Role {
    return this.identity.role;
  }

  may(permission: Permission): boolean {
    return this.identity.permissions.has(permission);
  }

  /** If set, the caller may change only the Skills of this owner; undefined: those of all owners. */
  get boundTo(): string | undefined {
    return isBoundToOwnSkills(this.role) ? this.clientId : undefined;
  }

  /** Whether a permission to manage or unregister reaches a Skill of this owner. */
  mayChange(owner: string): boolean {
    return this.boundTo === undefined || this.boundTo === owner;
  }

  /** The Spaces that this caller sees; undefined: it sees everything, also outside of Spaces. */
  get spaces(): readonly string[] | undefined {
    return this.identity.spaces && [...this.identity.spaces];
  }

  /** Whether it may see what lives in this Space; null: outside of all Spaces. */
  maySee(spaceId: string | null): boolean {
    const { spaces } = this.identity;
    return spaces === undefined || (spaceId !== null && spaces.has(spaceId));
  }

  /**
   * The Space for something that this caller creates; undefined: no Space. A caller that is limited to several Spaces must
   * name one of them. @throws PermissionError (1003)
   */
  spaceFor(wanted: string | undefined): string | undefined {
    const { spaces } = this;
    if (spaces === undefined) return wanted;
    const space = wanted ?? (spaces.length === 1 ? spaces[0] : undefined);
    if (space === undefined)
      throw new PermissionError('This client is limited to Spaces: name one of them in space_id');
    if (!this.maySee(space)) throw new PermissionError('This client is limited to other Spaces');
    return space;
  }

  /** @throws PermissionError (1003) */
  assertMayChange(owner: string): void {
    if (!this.mayChange(owner)) throw new PermissionError('This Skill belongs to another client');
  }
}

const CALLER = Symbol('caller');
type WithCaller = FastifyRequest & { [CALLER]?: Caller };

export function setCaller(request: FastifyRequest, caller: Caller): void {
  (request as WithCaller)[CALLER] = caller;
}

export function getCaller(request: FastifyRequest): Caller | undefined {
  return (request as WithCaller)[CALLER];
}

const KNOWN = Symbol('known client');
type WithKnown = FastifyRequest & { [KNOWN]?: boolean };

/** Notes that the claimed client has shown the right secret from this address before. */
export function markKnownClient(request: FastifyRequest): void {
  (request as WithKnown)[KNOWN] = true;
}

export function isKnownClient(request: FastifyRequest): boolean {
  return (request as WithKnown)[KNOWN] === true;
}

const REFUSED = Symbol('refused credential');
type WithRefused = FastifyRequest & { [REFUSED]?: RefusedCredentialError };

export function setRefusedCredential(request: FastifyRequest, refused: RefusedCredentialError): void {
  (request as WithRefused)[REFUSED] = refused;
}

export function getRefusedCredential(request: FastifyRequest): RefusedCredentialError | undefined {
  return (request as WithRefused)[REFUSED];
}

export function readOrigin(request: FastifyRequest): RequestOrigin {
  return { traceId: request.id, address: request.ip };
}

/** The authenticated caller of a guarded route. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = getCaller(context.switchToHttp().getRequest<FastifyRequest>());
  if (!caller) throw new AuthenticationError();
  return caller;
});
