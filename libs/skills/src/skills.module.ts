import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '#auth';
import { CacheModule } from '#cache';
import { type AiBridgeSettings, aiBridgeSettings } from '#config';
import { IdempotencyModule } from '#idempotency';
import { QuotasModule } from '#quotas';
import { CapabilitiesController } from './capabilities.controller.js';
import { CapabilitiesRepository } from './capabilities.repository.js';
import { CapabilitiesService } from './capabilities.service.js';
import { CapabilitiesWriter } from './capabilities.writer.js';
import { CatalogueChanges, CatalogueMonitor, HotAnswers, SharedReads } from './catalogue/index.js';
import { DiscoveryExplainer } from './discovery-explainer.js';
import { EndpointHealthWriter } from './endpoint-health.writer.js';
import { EndpointTransitions } from './endpoint-transitions.js';
import { EndpointsWriter } from './endpoints.writer.js';
import { LeaseTerms } from './lease-terms.js';
import {
  FormerOwners,
  NameAnnouncer,
  NamesController,
  NamesRepository,
  NamesService,
  NamesUpkeep,
  SkillNames,
} from './names/index.js';
import { NewSkillsWriter } from './new-skills.writer.js';
import { RegistrationService } from './registration.service.js';
import { RegistryController } from './registry.controller.js';
import { SkillQuotas } from './skill-quotas.js';
import { SkillSecrets } from './secrets/index.js';
import { SkillAudit } from './skill-audit.js';
import { SKILL_ENTITIES } from './skill.entities.js';
import { SkillHistoryUpkeep } from './skill-history-upkeep.js';
import { SkillHistory } from './skill-history.js';
import { SkillIndexWriter } from './skill-index.writer.js';
import { SkillObservers } from './skill-observers.js';
import { SkillPartsWriter } from './skill-parts.writer.js';
import { SkillWriter } from './skill-writer.js';
import { SkillsController } from './skills.controller.js';
import { SkillsMonitor } from './skills-monitor.js';
import { SkillsRepository } from './skills.repository.js';
import { SkillsService } from './skills.service.js';

/** Skills, their endpoints and capabilities: registered, changed, found. */
@Module({
  imports: [TypeOrmModule.forFeature(SKILL_ENTITIES), IdempotencyModule, CacheModule, AuthModule, QuotasModule],
  // RegistryController first: its fixed paths (/skills/discover) stand beside /skills/{skill_id}.
  controllers: [RegistryController, SkillsController, CapabilitiesController, NamesController],
  providers: [
    SkillsService,
    RegistrationService,
    CapabilitiesService,
    SkillsRepository,
    CapabilitiesRepository,
    SkillWriter,
    NewSkillsWriter,
    SkillPartsWriter,
    EndpointsWriter,
    SkillSecrets,
    CapabilitiesWriter,
    SkillIndexWriter,
    SkillHistory,
    SkillHistoryUpkeep,
    SkillAudit,
    SkillNames,
    FormerOwners,
    NamesService,
    NamesRepository,
    NameAnnouncer,
    NamesUpkeep,
    SkillQuotas,
    SkillsMonitor,
    CatalogueChanges,
    CatalogueMonitor,
    HotAnswers,
    SharedReads,
    SkillObservers,
    EndpointHealthWriter,
    EndpointTransitions,
    DiscoveryExplainer,
    {
      provide: LeaseTerms,
      inject: [aiBridgeSettings.KEY],
      useFactory: (settings: AiBridgeSettings) => new LeaseTerms(settings),
    },
  ],
  exports: [HotAnswers, SkillObservers, SkillSecrets, EndpointHealthWriter, EndpointTransitions, LeaseTerms],
})
export class SkillsModule {}
