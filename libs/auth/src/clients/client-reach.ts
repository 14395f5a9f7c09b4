import { ConflictError, NotFoundError, PermissionError } from '#common';
import type { Caller } from '../caller.js';
import type { ClientEntity } from './client.entity.js';
import { type Permission, listPermissions, type Role } from '../roles.js';

/** Of a client, as much as its reach depends on. */
export type Reachable = Pick<ClientEntity, 'clientId' | 'spaces'>;

/**
 * What somebody may do to clients (docs/adr/0032). A caller without limits reaches all of them; a caller that is limited
 * to Spaces reaches the clients whose Spaces are all among its own. Neither changes a client that may do what the
 * caller's own credential does not allow, nor makes one. The admin of the settings is changed by the settings alone.
 */
export class ClientReach {
  constructor(
    private readonly caller: Pick<Caller, 'clientId' | 'spaces' | 'may'>,
    private readonly settingsAdmin: string,
  ) {}

  /** The Spaces outside of which a client is out of reach; undefined: none is. */
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

  /** Not the settings' admin, of which nobody would be left to manage clients. @throws ConflictError (1006) */
  assertMayChange({ clientId }: Reachable): void {
    if (clientId !== this.settingsAdmin) return;
    throw new ConflictError(
      'The admin client of the settings cannot be changed by requests; SECURITY_ADMIN_CLIENT_SECRET changes its secret',
    );
  }

  /** The settings' admin may give itself another name. @throws ConflictError (1006) */
  assertMayRename(client: Reachable): void {
    if (client.clientId !== this.caller.clientId) this.assertMayChange(client);
  }

  /** Keys of the settings' admin are made and changed by itself. @throws PermissionError (1003) */
  assertMayChangeKeysOf({ clientId }: Reachable): void {
    if (clientId === this.settingsAdmin && clientId !== this.caller.clientId) {
      throw new PermissionError('API keys of the admin client of the settings are its own to make and to change');
    }
  }

  /**
   * The Spaces of a client that this caller makes or changes; null: all. Without a word a limited caller gives its own.
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
   * Not a client of this role, nor a key of one with these scopes (null: all that the role allows), that may do more
   * than the caller's credential: with its secret the caller would have what its own scopes keep from it.
   * @throws PermissionError (1003) that names every permission that is lacking
   */
  assertHolds(role: Role, scopes: readonly Permission[] | null = null): void {
    const held = listPermissions(role).filter((permission) => scopes?.includes(permission) ?? true);
    const lacking = held.filter((permission) => !this.caller.may(permission));
    if (lacking.length === 0) return;
    throw new PermissionError(`This credential lacks permissions of that client or key: ${lacking.join(', ')}`);
  }
}

/** Whether a client of these Spaces is one of those; null, or no Space at all: it is not. */
export function isWithin(spaces: readonly string[] | null, limits: readonly string[] | undefined): boolean {
  if (limits === undefined) return true;
  return spaces !== null && spaces.length > 0 && spaces.every((space) => limits.includes(space));
}
