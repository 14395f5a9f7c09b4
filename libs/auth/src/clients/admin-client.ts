import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type AppSettings, appSettings, keepSecret, type SecuritySettings, securitySettings } from '#config';
import { withAdvisoryLock } from '#database';
import { DataSource, type EntityManager, type Repository } from 'typeorm';
import { startAboveCutOff } from './client-cut-off.js';
import { ClientEntity } from './client.entity.js';
import { randomSecret, SecretHasher } from './secret-hasher.js';

const SECRET_FILE = 'admin-client-secret';

/**
 * The first client (protocol.md section 9). With SECURITY_ADMIN_CLIENT_SECRET, that is its secret from this start on;
 * without, one is made at the first start and kept in DATA_DIR/admin-client-secret (mode 0600). No request changes it
 * (`ClientReach`).
 */
@Injectable()
export class AdminClient implements OnModuleInit {
  /** Tells people where the secret of the admin is. */
  secretSource = 'SECURITY_ADMIN_CLIENT_SECRET';
  private readonly logger = new Logger('auth');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(appSettings.KEY) private readonly app: AppSettings,
    @Inject(securitySettings.KEY) private readonly security: SecuritySettings,
    private readonly hasher: SecretHasher,
  ) {}

  get clientId(): string {
    return this.security.adminClientId;
  }

  /** One replica at a time, so that replicas that start together agree on one secret. */
  async onModuleInit(): Promise<void> {
    await withAdvisoryLock(this.dataSource, 'adminClient', (session) => this.ensure(session));
  }

  private async ensure(session: EntityManager): Promise<void> {
    const clients = session.getRepository(ClientEntity);
    const client = await clients.findOneBy({ clientId: this.clientId });
    const given = this.security.adminClientSecret;
    if (!client) {
      const secret = given ?? keepSecret(this.app.dataDir, SECRET_FILE, randomSecret);
      const secretHash = await this.hasher.hash(secret);
      const created = clients.create({ clientId: this.clientId, name: 'Administrator', role: 'admin', secretHash });
      await clients.insert(created);
      await startAboveCutOff(session, created);
      this.logger.log(`created the admin client "${this.clientId}"`);
    }
    if (client) await this.unlimit(clients, client);
    if (given === undefined) this.secretSource = this.findFile();
    else if (client) await this.adopt(clients, client, given);
  }

  /** The database may be older than this data folder, or shared with another replica's. */
  private findFile(): string {
    const file = join(this.app.dataDir, SECRET_FILE);
    return existsSync(file) ? file : 'given at an earlier start; set SECURITY_ADMIN_CLIENT_SECRET to change it';
  }

  /** Earlier releases let other clients limit it to Spaces. */
  private async unlimit(clients: Repository<ClientEntity>, client: ClientEntity): Promise<void> {
    if (client.spaces === null) return;
    await clients.update({ id: client.id }, { spaces: null });
    this.logger.warn(`the admin client "${this.clientId}" is limited to Spaces no more`);
  }

  private async adopt(clients: Repository<ClientEntity>, client: ClientEntity, given: string): Promise<void> {
    if (!(await this.hasher.verify(client.secretHash, given))) {
      const former = { previousSecretHash: null, previousSecretExpiresAt: null };
      await clients.update({ id: client.id }, { secretHash: await this.hasher.hash(given), ...former });
      this.logger.log(`the secret of the admin client "${this.clientId}" is now the one of the settings`);
    }
  }
}
