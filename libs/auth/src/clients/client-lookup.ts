import { Inject, Injectable } from '@nestjs/common';
import { ConflictError } from '#common';
import { type SecuritySettings, securitySettings } from '#config';
import type { Transaction } from '#database';
import type { Caller } from '../caller.js';
import { ClientEntity } from './client.entity.js';
import { ClientReach } from './client-reach.js';
import { In } from 'typeorm';

/** Looks up clients for other rooms. */
@Injectable()
export class ClientLookup {
  constructor(@Inject(securitySettings.KEY) private readonly settings: SecuritySettings) {}

  /**
   * This client exists within the reach of the caller and is not disabled, until the end of the transaction.
   * @throws NotFoundError (1010), ConflictError (1006)
   */
  async assertActive(tx: Transaction, caller: Caller, clientId: string): Promise<void> {
    const found = await tx.findOne(ClientEntity, { where: { clientId }, lock: { mode: 'pessimistic_read' } });
    const client = new ClientReach(caller, this.settings.adminClientId).reached(found);
    if (client.disabled) throw new ConflictError('This client is disabled');
  }

  /** Returns the ids that are not clients within the Spaces of the caller; none if the caller is not limited to Spaces. */
  async outOfReach(tx: Transaction, caller: Caller, clientIds: readonly string[]): Promise<string[]> {
    if (caller.spaces === undefined || clientIds.length === 0) return [];
    const reach = new ClientReach(caller, this.settings.adminClientId);
    const found = await tx.find(ClientEntity, { where: { clientId: In([...clientIds]) } });
    const known = new Set(found.filter((client) => reach.reaches(client)).map(({ clientId }) => clientId));
    return clientIds.filter((id) => !known.has(id));
  }
}
