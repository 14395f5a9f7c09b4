import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ConflictError, type SkipQuery } from '#common';
import { violatesUnique } from '#database';
import { Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { ClientCreatedResponse, ClientResponse, CreateClientBody } from './client.dto.js';
import { ClientEntity } from './client.entity.js';
import { OAuthError } from './oauth-error.js';
import { hashSecret, randomSecret, verifySecret } from './secret-hash.js';
import type { ClientCredentials } from './token-request.js';

/** Programs that may get tokens. */
@Injectable()
export class ClientsService {
  /** Compared with when a client is unknown, so that the answer takes as long as for a wrong secret. */
  private readonly decoy = hashSecret(randomSecret());

  constructor(@InjectRepository(ClientEntity) private readonly clients: Repository<ClientEntity>) {}

  /** @throws OAuthError invalid_client; which half was wrong is not told. */
  async authenticate({ clientId, clientSecret, basic }: ClientCredentials): Promise<ClientEntity> {
    // PostgreSQL refuses a text with NUL; no client has one in its id.
    const client = clientId.includes('\u0000') ? null : await this.clients.findOneBy({ clientId });
    const matches = await verifySecret(client?.secretHash ?? (await this.decoy), clientSecret);
    if (!client || !matches || client.disabled) {
      throw new OAuthError('invalid_client', 'The client is unknown or its secret is wrong', basic);
    }
    return client;
  }

  /** @throws ConflictError (1006) when the client_id is taken. */
  async create(body: CreateClientBody): Promise<ClientCreatedResponse> {
    const secret = randomSecret();
    const client = this.clients.create({
      clientId: body.client_id ?? `client-${uuidv7()}`,
      name: body.name,
      role: body.role,
      secretHash: await hashSecret(secret),
      disabled: false,
    });
    try {
      await this.clients.insert(client);
    } catch (error) {
      if (violatesUnique(error, 'uq_clients_client_id')) throw new ConflictError('This client_id is taken');
      throw error;
    }
    const { client_id, name, role, created_at } = toResponse(client);
    return { client_id, client_secret: secret, name, role, created_at };
  }

  async list({ skip, limit }: SkipQuery): Promise<ClientResponse[]> {
    const clients = await this.clients.find({ order: { createdAt: 'ASC', id: 'ASC' }, skip, take: limit });
    return clients.map(toResponse);
  }
}

function toResponse(client: ClientEntity): ClientResponse {
  return {
    client_id: client.clientId,
    name: client.name,
    role: client.role,
    disabled: client.disabled,
    created_at: client.createdAt.toISOString(),
  };
}
