import { SchedulerRegistry } from '@nestjs/schedule';
import { AuditLog } from '#auth';
import type { RedisConnection } from '#cache';
import { CatalogueSettings, RegistrySettings, type SecuritySettings } from '#config';
import type { DataSource } from 'typeorm';
import { CapabilitiesWriter } from '../writing/capabilities.writer.js';
import { CatalogueChanges, SharedReads } from '../catalogue/index.js';
import { EndpointHealthWriter } from '../writing/endpoint-health.writer.js';
import { EndpointsWriter } from '../writing/endpoints.writer.js';
import { NewSkillsWriter } from '../writing/new-skills.writer.js';
import { SkillNames } from '../names/index.js';
import { SkillSecrets } from '../secrets/index.js';
import { HeldSkillsReader } from '../writing/held-skills.reader.js';
import { RenewalsWriter } from '../writing/renewals.writer.js';
import { SkillCompanions } from '../model/skill-companions.js';
import { SkillAudit } from '../writing/skill-audit.js';
import { SkillHistory } from '../writing/skill-history.js';
import { SkillIndexWriter } from '../writing/skill-index.writer.js';
import { SkillPartsWriter } from '../writing/skill-parts.writer.js';
import { SkillWriter } from '../writing/skill-writer.js';
import { SkillsRepository } from '../reading/skills.repository.js';
import { NameImporter } from './name.importer.js';
import { NewSkillsImporter } from './new-skills.importer.js';
import { SkillImporter } from './skill.importer.js';

/** Importers for the kinds of lines that this room owns. */
export interface SkillImporters {
  names: NameImporter;
  skills: SkillImporter;
}

/** Endpoints of a file stay healthy until they are probed. */
const UNPROBED = { interval: 0 };

/** Creates the importers for a command line tool, without jobs and listeners. */
export function createSkillImporters(
  dataSource: DataSource,
  redis: RedisConnection,
  settings: SecuritySettings,
): SkillImporters {
  const changes = new CatalogueChanges(redis, new SchedulerRegistry());
  const repository = new SkillsRepository(dataSource, new SharedReads(changes, new CatalogueSettings()));
  const secrets = new SkillSecrets(settings, dataSource);
  const history = new SkillHistory(dataSource);
  const log = new AuditLog();
  const audit = new SkillAudit(log, repository);
  const index = new SkillIndexWriter();
  const names = new SkillNames(new RegistrySettings());
  const companions = new SkillCompanions();
  const parts = new SkillPartsWriter(
    new EndpointsWriter(history, secrets),
    new CapabilitiesWriter(),
    secrets,
    UNPROBED,
  );
  const health = new EndpointHealthWriter(index, history, log, names, companions);
  const newSkills = new NewSkillsWriter(secrets, names, companions, UNPROBED);
  const renewals = new RenewalsWriter(new HeldSkillsReader(), parts, index, health);
  const writer = new SkillWriter(newSkills, renewals, parts, index, history, audit, names);
  const created = new NewSkillsImporter(newSkills, audit);
  return { names: new NameImporter(log), skills: new SkillImporter(created, writer, secrets, changes, names) };
}
