import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { BadParameterError, newId } from '#common';
import { Transactions } from '#database';
import { Repository } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import type { Caller } from '../caller.js';
import type { ClientResponse, PatchClientBody } from '../clients/client.dto.js';
import { ClientsService } from '../clients/clients.service.js';
import { RevocationList } from '../tokens/revocation-list.js';
import { OIDC_PREFIX } from './oidc-claims.js';
import { OidcCallerEntity } from './oidc-caller.entity.js';

/** Cuts off callers of the identity provider. Their permissions come from their tokens. */
@Injectable()
export class OidcCallersService {
  constructor(
    @InjectRepository(OidcCallerEntity) private readonly callers: Repository<OidcCallerEntity>,
    private readonly clients: ClientsService,
    private readonly transactions: Transactions,
    private readonly revocations: RevocationList,
    private readonly audit: AuditLog,
  ) {}

  isOne(clientId: string): boolean {
    return clientId.startsWith(OIDC_PREFIX);
  }

  /** @throws NotFoundError (1010) if it was never cut off, or if the caller is limited to Spaces */
  async get(caller: Caller, clientId: string): Promise<ClientResponse> {
    const found = await this.callers.findOneBy({ clientId });
    return toClient(this.clients.reachOf(caller).reached(found && reachable(found)));
  }

  /**
   * Cuts a caller off, or lets it in again, on every replica within a second; also one that was never seen before.
   * @throws BadParameterError (1001) for other fields than `disabled`, NotFoundError (1010) if the caller is limited to Spaces,
   * PermissionError (1003) for a credential without all permissions
   */
  async update(caller: Caller, clientId: string, body: PatchClientBody): Promise<ClientResponse> {
    const { disabled, ...others } = body;
    const faults = Object.entries<unknown>({ ...others })
      .filter(([, value]) => value !== undefined)
      .map(([field]) => ({ field, reason: 'is said by the tokens of this caller' }));
    if (disabled === undefined) throw new BadParameterError([...faults, { field: 'disabled', reason: 'is required' }]);
    if (faults.length > 0) throw new BadParameterError(faults);
    const reach = this.clients.reachOf(caller);
    reach.reached({ clientId, spaces: null });
    // Its tokens may have any role.
    reach.assertHolds('admin');
    const changed = await this.transactions.run(async (tx) => {
      const [row] = await tx.query<[OidcCallerEntity & { before: boolean | null }]>(
        `WITH before AS (SELECT disabled FROM oidc_callers WHERE client_id = $2 FOR UPDATE)
         INSERT INTO oidc_callers AS c (id, client_id, disabled) VALUES ($1, $2, $3)
         ON CONFLICT (client_id) DO UPDATE SET disabled = EXCLUDED.disabled, updated_at = statement_timestamp()
         RETURNING client_id AS "clientId", disabled, created_at AS "createdAt", (SELECT disabled FROM before) AS before`,
        [newId(), clientId, disabled],
      );
      const change = { before: { disabled: row.before ?? false }, after: { disabled } };
      await this.audit.record(tx, caller, [{ action: 'client.update', target: `client:${clientId}`, ...change }]);
      return row;
    });
    await this.revocations.refresh();
    return toClient(reachable(changed));
  }
}

/** Its Spaces are not known, so callers that are limited to Spaces do not reach it. */
function reachable(found: OidcCallerEntity) {
  return { clientId: found.clientId, spaces: null, disabled: found.disabled, createdAt: found.createdAt };
}

function toClient({ clientId, disabled, createdAt }: ReturnType<typeof reachable>): ClientResponse {
  return {
    client_id: clientId,
    name: clientId.slice(OIDC_PREFIX.length),
    role: null,
    spaces: null,
    disabled,
    created_at: createdAt.toISOString(),
  };
}
