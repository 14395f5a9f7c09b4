import { SchedulerRegistry } from '@nestjs/schedule';
import type { SecuritySettings } from '#config';
import type { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { ClientCutOff } from '../clients/client-cut-off.js';
import { SecretHasher } from '../clients/secret-hasher.js';
import { RevocationList } from '../tokens/revocation-list.js';
import { ClientImporter } from './client.importer.js';

/** Makes the importer of clients for a command, where no job runs and nothing listens. */
export function createClientImporter(dataSource: DataSource, security: SecuritySettings): ClientImporter {
  const cutOff = new ClientCutOff(new RevocationList(dataSource, new SchedulerRegistry()));
  return new ClientImporter(cutOff, new AuditLog(), security.adminClientId, new SecretHasher(security));
}
