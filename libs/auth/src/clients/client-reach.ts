import { ConflictError, NotFoundError, PermissionError } from '#common';
import type { Caller } from '../caller.js';
import type { ClientEntity } from './client.entity.js';
import { type Permission, listPermissions, type Role } from '../roles.js';

/** The fields of a client that decide who reaches it. */
export type Reachable = Pick<ClientEntity, 'clientId' | 'spaces'>;

/**
 * Which clients a caller may see and change (docs/adr/0032). A caller without limits reaches all clients; a caller that is
 * limited to Spaces reaches the clients whose Spaces are all among its own. No caller can create or change a client that
 * has permissions which the caller's credential lacks. Only the settings change their admin client.
 */
export class ClientReach {
  constructor(
    private readonly caller: Pick<Caller, 'clientId' | 'spaces' | 'may'>,
    private readonly settingsAdmin: string,
  ) {}

  /** The Spaces of the clients that the caller reaches; undefined: it reaches all clients. */
  get spaces(): readonly string[] | undefined {
    return this.caller.spaces;
  }

  reaches({ spaces }: Reachable): boolean {
    return isWithin(spaces, this.spaces);
  }

  /** A client that is out of reach does not exist for the caller. @throws NotFoundError (1010) */
  reached<T extends Reachable>(client: T | null): T {
    if (!client || !this.reaches(client)) throw new NotFoundError('This client does not exist');
    return client;
  }

  /** Refuses the admin client of the settings: there may be no other client that can manage clients. @throws ConflictError (1006) */
  assertMayChange({ clientId }: Reachable): void {
    if (clientId !== this.settingsAdmin) return;
    throw new ConflictError(
      'The admin client of the settings cannot be changed by requests; SECURITY_ADMIN_CLIENT_SECRET changes its secret',
    );
  }

  /** The admin client of the settings may change its own name. @throws ConflictError (1006) */
  assertMayRename(client: Reachable): void {
    if (client.clientId !== this.caller.clientId) this.assertMayChange(client);
  }

  /** Only the admin client of the settings makes and changes its own keys. @throws PermissionError (1003) */
  assertMayChangeKeysOf({ clientId }: Reachable): void {
    if (clientId === this.settingsAdmin && clientId !== this.caller.clientId) {
      throw new PermissionError('API keys of the admin client of the settings are its own to make and to change');
    }
  }

  /**
   * The Spaces of a client that this caller makes or changes; null: all. By default, a limited caller gives its own.
   * @throws PermissionError (1003)
   */
  spacesFor(wanted: string[] | null | undefined): string[] | null {
    if (this.spaces === undefined) return wanted ?? null;
    if (wanted === undefined) return [...this.spaces];
    if (!isWithin(wanted, this.spaces)) {
      throw new PermissionError('This client is limited to Spaces: those that it gives must be among them');
    }
    return wanted;
  }

  /**
   * Checks that the caller's credential has all permissions of a client with this role, or of its key with these scopes
   * (null: all of the role). Otherwise the caller could use the new secret for what its own scopes forbid.
   * @throws PermissionError (1003) that names every missing permission
   */
  assertHolds(role: Role, scopes: readonly Permission[] | null = null): void {
    const held = listPermissions(role).filter((permission) => scopes?.includes(permission) ?? true);
    const lacking = held.filter((permission) => !this.caller.may(permission));
    if (lacking.length === 0) return;
    throw new PermissionError(`This credential lacks permissions of that client or key: ${lacking.join(', ')}`);
  }
}

/** Whether all Spaces of a client are among `limits`. A client without a limit (null), or with no Space, is not within. */
export function isWithin(spaces: readonly string[] | null, limits: readonly string[] | undefined): boolean {
  if (limits === undefined) return true;
  return spaces !== null && spaces.length > 0 && spaces.every((space) => limits.includes(space));
}
