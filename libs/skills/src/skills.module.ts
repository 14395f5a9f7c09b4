import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '#auth';
import { CacheModule } from '#cache';
import { type AiBridgeSettings, aiBridgeSettings } from '#config';
import { IdempotencyModule } from '#idempotency';
import { QuotasModule } from '#quotas';
import { CapabilitiesController } from './reading/capabilities.controller.js';
import { CapabilitiesRepository } from './reading/capabilities.repository.js';
import { CapabilitiesService } from './reading/capabilities.service.js';
import { CapabilitiesWriter } from './writing/capabilities.writer.js';
import { CatalogueChanges, CatalogueMonitor, HotAnswers, SharedReads } from './catalogue/index.js';
import { DiscoveryExplainer } from './reading/discovery-explainer.js';
import { NearNames } from './reading/near-names.js';
import { EndpointHealthWriter } from './writing/endpoint-health.writer.js';
import { EndpointTransitions } from './writing/endpoint-transitions.js';
import { EndpointsWriter } from './writing/endpoints.writer.js';
import { EndpointLeavingWriter } from './writing/endpoint-leaving.writer.js';
import { LeavingService } from './writing/leaving.service.js';
import { LeaseTerms } from './model/lease-terms.js';
import {
  FormerOwners,
  NameAnnouncer,
  NamesController,
  NamesRepository,
  NamesService,
  NamesUpkeep,
  SkillNames,
} from './names/index.js';
import { NewSkillsWriter } from './writing/new-skills.writer.js';
import { RegistrationService } from './writing/registration.service.js';
import { HeldSkillsReader } from './writing/held-skills.reader.js';
import { RenewalsWriter } from './writing/renewals.writer.js';
import { RegistryController } from './writing/registry.controller.js';
import { SkillQuotas } from './writing/skill-quotas.js';
import { SkillSecrets } from './secrets/index.js';
import { SkillAudit } from './writing/skill-audit.js';
import { SKILL_ENTITIES } from './model/skill.entities.js';
import { SkillHistoryUpkeep } from './writing/skill-history-upkeep.js';
import { SkillHistory } from './writing/skill-history.js';
import { SkillIndexWriter } from './writing/skill-index.writer.js';
import { SkillCompanions } from './model/skill-companions.js';
import { SkillObservers } from './model/skill-observers.js';
import { SkillRemovalWriter } from './writing/skill-removal.writer.js';
import { SkillPartsWriter } from './writing/skill-parts.writer.js';
import { SkillWriter } from './writing/skill-writer.js';
import { SkillsController } from './skills.controller.js';
import { SkillsMonitor } from './reading/skills-monitor.js';
import { SkillsRepository } from './reading/skills.repository.js';
import { SkillsService } from './skills.service.js';

/** Skills, their endpoints and capabilities: registered, changed, found. */
@Module({
  imports: [TypeOrmModule.forFeature(SKILL_ENTITIES), IdempotencyModule, CacheModule, AuthModule, QuotasModule],
  // RegistryController first: its fixed paths (/skills/discover) stand beside /skills/{skill_id}.
  controllers: [RegistryController, SkillsController, CapabilitiesController, NamesController],
  providers: [
    SkillsService,
    RegistrationService,
    LeavingService,
    SkillRemovalWriter,
    EndpointLeavingWriter,
    SkillCompanions,
    CapabilitiesService,
    SkillsRepository,
    CapabilitiesRepository,
    SkillWriter,
    NewSkillsWriter,
    HeldSkillsReader,
    RenewalsWriter,
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
    NearNames,
    {
      provide: LeaseTerms,
      inject: [aiBridgeSettings.KEY],
      useFactory: (settings: AiBridgeSettings) => new LeaseTerms(settings),
    },
  ],
  exports: [
    CatalogueChanges,
    HotAnswers,
    SkillObservers,
    SkillCompanions,
    SkillSecrets,
    EndpointHealthWriter,
    EndpointTransitions,
    LeaseTerms,
    NearNames,
  ],
})
export class SkillsModule {}
