import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CursorScope, type Page, type SkipQuery, skipToSlice } from '#common';
import { type SecuritySettings, securitySettings } from '#config';
import { Conditions, Keyset } from '#database';
import { Repository } from 'typeorm';
import type { Caller } from '../caller.js';
import type { ClientResponse } from './client.dto.js';
import { ClientEntity } from './client.entity.js';
import { ClientReach } from './client-reach.js';
import { OAuthError } from '../tokens/oauth-error.js';
import { randomSecret, SecretHasher } from './secret-hasher.js';
import type { ClientCredentials } from '../tokens/token-request.js';

type ClientRow = Omit<ClientResponse, 'created_at'> & { created_at: Date };

/** Finds clients, and authenticates them by their secrets. */
@Injectable()
export class ClientsService {
  /** Compared instead of a missing secret, so that every response takes the same time. */
  private readonly decoy: Promise<string>;

  constructor(
    @InjectRepository(ClientEntity) private readonly clients: Repository<ClientEntity>,
    @Inject(securitySettings.KEY) private readonly settings: SecuritySettings,
    private readonly hasher: SecretHasher,
  ) {
    this.decoy = hasher.hash(randomSecret());
  }

  /** Which clients this caller may see and change. */
  reachOf(caller: Caller): ClientReach {
    return new ClientReach(caller, this.settings.adminClientId);
  }

  /**
   * Takes two Argon2 verifications for every caller: of the present secret and of the one before it, or of decoys. A client
   * that is known at its address (`isKnownClient`) does not wait behind others.
   * @throws OAuthError invalid_client; which half was wrong is not told.
   */
  async authenticate({ clientId, clientSecret }: ClientCredentials, isKnown = false): Promise<ClientEntity> {
    // PostgreSQL refuses a text with NUL; no client has one in its id.
    const client = clientId.includes('\u0000') ? null : await this.clients.findOneBy({ clientId });
    const decoy = await this.decoy;
    const [isPresent, isPrevious] = await Promise.all([
      this.hasher.verify(client?.secretHash ?? decoy, clientSecret, isKnown),
      this.hasher.verify(client?.previousSecretHash ?? decoy, clientSecret, isKnown),
    ]);
    const stillHolds = (client?.previousSecretExpiresAt?.getTime() ?? 0) > Date.now();
    if (!client || client.disabled || !(isPresent || (isPrevious && stillHolds))) {
      throw new OAuthError('invalid_client', 'The client is unknown or its secret is wrong');
    }
    return client;
  }

  /** The clients within reach of the caller, oldest first. */
  async list(caller: Caller, query: SkipQuery): Promise<Page<ClientResponse>> {
    const { spaces } = this.reachOf(caller);
    const where = new Conditions();
    // Null is contained in nothing, and no client has an empty list.
    if (spaces) where.add(`c.spaces <@ ${where.bind(spaces)}::varchar[]`);
    const keyset = new Keyset(new CursorScope('clients', query, 'created_at'), [
      { column: 'c.created_at', kind: 'time' },
      { column: 'c.id', kind: 'id' },
    ]);
    const select = (keys: string, rows: string): string =>
      `SELECT c.client_id, c.name, c.role, c.spaces, c.disabled, c.created_at, ${keys} ${rows}`;
    const page = await keyset.read<ClientRow>(this.clients, 'clients c', where, skipToSlice(query), select);
    const items = page.items.map((row) => ({ ...row, created_at: row.created_at.toISOString() }));
    return { ...page, items };
  }

  /** @throws NotFoundError (1010) */
  async get(caller: Caller, clientId: string): Promise<ClientResponse> {
    return toClient(await this.find(caller, clientId));
  }

  /** @throws NotFoundError (1010), also when it is out of reach of the caller */
  async find(caller: Caller, clientId: string): Promise<ClientEntity> {
    return this.reachOf(caller).reached(await this.clients.findOneBy({ clientId }));
  }
}

/** For responses and the audit log: without secrets. */
export function toClient(client: ClientEntity): ClientResponse {
  return {
    client_id: client.clientId,
    name: client.name,
    role: client.role,
    spaces: client.spaces,
    disabled: client.disabled,
    created_at: client.createdAt.toISOString(),
  };
}
