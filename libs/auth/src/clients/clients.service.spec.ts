import { SecuritySettings } from '#config';
import type { Repository } from 'typeorm';
import { OAuthError } from '../tokens/oauth-error.js';
import { ClientEntity } from './client.entity.js';
import { ClientsService } from './clients.service.js';
import { SecretHasher } from './secret-hasher.js';

let verifications = 0;
class CountingHasher extends SecretHasher {
  override verify(secretHash: string, secret: string): Promise<boolean> {
    verifications += 1;
    return super.verify(secretHash, secret);
  }
}

describe('clients show their secret', () => {
  const HOUR_MS = 3_600_000;
  const hasher = new CountingHasher({ argon2Memory: 8 });
  let service: ClientsService;
  const clients = new Map<string, ClientEntity>();
  beforeAll(async () => {
    const [present, previous] = await Promise.all([hasher.hash('present'), hasher.hash('previous')]);
    const add = (clientId: string, overrides: Partial<ClientEntity> = {}) =>
      clients.set(
        clientId,
        Object.assign(new ClientEntity(), { clientId, secretHash: present, disabled: false }, overrides),
      );
    const rotated = { previousSecretHash: previous };
    add('plain');
    add('disabled', { disabled: true });
    add('rotated', { ...rotated, previousSecretExpiresAt: new Date(Date.now() + HOUR_MS) });
    add('past', { ...rotated, previousSecretExpiresAt: new Date(Date.now() - 1) });
    const repository: Partial<Repository<ClientEntity>> = {
      findOneBy: (where) => Promise.resolve(clients.get((where as { clientId: string }).clientId) ?? null),
    };
    service = new ClientsService(repository as Repository<ClientEntity>, new SecuritySettings(), hasher);
  });

  it.each([
    ['plain', 'present', true],
    ['plain', 'previous', false],
    ['plain', '', false],
    ['rotated', 'present', true],
    ['rotated', 'previous', true],
    ['rotated', 'neither', false],
    ['past', 'present', true],
    ['past', 'previous', false],
    ['disabled', 'present', false],
    ['disabled', 'neither', false],
    ['unknown', 'present', false],
    ['nul\u0000', 'present', false],
  ])('%j with %j: two Argon2 verifications, whatever comes of it', async (clientId, clientSecret, holds) => {
    verifications = 0;
    const answer = await service.authenticate({ clientId, clientSecret }).catch((error: unknown) => error);
    expect(verifications).toBe(2);
    expect(answer).toBe(holds ? clients.get(clientId) : answer);
    expect(answer instanceof OAuthError).toBe(!holds);
  });
});
