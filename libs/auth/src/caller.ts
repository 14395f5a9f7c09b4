import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { AuthenticationError, PermissionError } from '#common';
import type { FastifyRequest } from 'fastify';
import type { RefusedCredentialError } from './refused-credential.js';
import { isBoundToOwnSkills, type Permission, type Role } from './roles.js';

/** Who somebody is, as a token or a key says. */
export interface Identity {
  readonly clientId: string;
  readonly role: Role;
  /** What the credential grants: the role's permissions, narrowed by its scope. */
  readonly permissions: ReadonlySet<Permission>;
  /** The Spaces that the client is limited to; undefined: none in particular, all. */
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

  /** The owner whose Skills alone this caller may change; undefined: those of anybody. */
  get boundTo(): string | undefined {
    return isBoundToOwnSkills(this.role) ? this.clientId : undefined;
  }

  /** Whether a permission to manage or unregister reaches a Skill of this owner. */
  mayChange(owner: string): boolean {
    return this.boundTo === undefined || this.boundTo === owner;
  }

  /** The Spaces outside of which this caller sees nothing; undefined: it sees all, also what lives in none. */
  get spaces(): readonly string[] | undefined {
    return this.identity.spaces && [...this.identity.spaces];
  }

  /** Whether it may know of what lives in this Space; null: in none. */
  maySee(spaceId: string | null): boolean {
    const { spaces } = this.identity;
    return spaces === undefined || (spaceId !== null && spaces.has(spaceId));
  }

  /**
   * The Space that something of this caller goes to; undefined: none. Who is limited to Spaces names one of them, unless
   * there is only one. @throws PermissionError (1003)
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

/** The client that this request claims to be has shown its right secret from this address before. */
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
