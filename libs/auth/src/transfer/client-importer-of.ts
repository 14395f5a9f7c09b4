import { SchedulerRegistry } from '@nestjs/schedule';
import type { SecuritySettings } from '#config';
import type { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { ClientCutOff } from '../clients/client-cut-off.js';
import { RevocationList } from '../tokens/revocation-list.js';
import { ClientImporter } from './client.importer.js';

/** What writes clients, put together for a command: as in a service, but no job runs, and nothing listens. */
export function clientImporterOf(dataSource: DataSource, { adminClientId }: SecuritySettings): ClientImporter {
  const cutOff = new ClientCutOff(new RevocationList(dataSource, new SchedulerRegistry()));
  return new ClientImporter(cutOff, new AuditLog(), adminClientId);
}
