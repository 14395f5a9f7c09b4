import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CacheModule, RedisConnection } from '#cache';
import { OutboundModule } from '#outbound';
import { LeaseTerms, SkillsModule } from '#skills';
import { DataSource } from 'typeorm';
import { HealthReports } from './heartbeats/health-reports.js';
import { HeartbeatJournal } from './heartbeats/heartbeat-journal.js';
import { HeartbeatMetrics } from './heartbeats/heartbeat.metrics.js';
import { HeartbeatsController } from './heartbeats/heartbeats.controller.js';
import { HeartbeatsService } from './heartbeats/heartbeats.service.js';
import { HotHeartbeats } from './heartbeats/hot-heartbeats.js';
import { JournalRepository } from './heartbeats/journal.repository.js';
import { LeaseLookup } from './heartbeats/lease-lookup.js';
import { Renewals } from './heartbeats/renewals.js';
import { SpaceLimits } from './heartbeats/space-limits.js';
import { LeaseOpener } from './leases/lease-opener.js';
import { LeaseStore } from './leases/lease-store.js';
import { LeaseRepository } from './leases/lease.repository.js';
import { MemoryLeaseStore } from './leases/memory-lease-store.js';
import { RedisLeaseStore } from './leases/redis-lease-store.js';
import { MEMBERSHIP_PROVIDERS } from './membership/index.js';
import { RegistryIdentityEntity } from './registry-identity.entity.js';
import { SkillStatusController } from './status/skill-status.controller.js';
import { SkillStatusRepository } from './status/skill-status.repository.js';
import { SkillStatusService } from './status/skill-status.service.js';
import { LeaseAudit } from './sweeper/lease-audit.js';
import { LeaseSweeper } from './sweeper/lease-sweeper.js';
import { Sweep } from './sweeper/sweep.js';
import { SweepMetrics } from './sweeper/sweep.metrics.js';
import { SweepMonitor } from './sweeper/sweep.monitor.js';
import { SweepRepository } from './sweeper/sweep.repository.js';

async function openLeaseStore(redis: RedisConnection, terms: LeaseTerms, dataSource: DataSource): Promise<LeaseStore> {
  if (!redis.isConfigured) return new MemoryLeaseStore(terms);
  const { id } = await dataSource.getRepository(RegistryIdentityEntity).findOneOrFail({ where: {} });
  return new RedisLeaseStore(redis, terms, id);
}

const LEASES = [
  {
    provide: LeaseStore,
    inject: [RedisConnection, LeaseTerms, DataSource],
    useFactory: openLeaseStore,
  },
  LeaseRepository,
  LeaseOpener,
];
const HEARTBEATS = [
  HeartbeatsService,
  HotHeartbeats,
  Renewals,
  LeaseLookup,
  HealthReports,
  HeartbeatJournal,
  JournalRepository,
  HeartbeatMetrics,
  SpaceLimits,
];
const SWEEPER = [LeaseSweeper, Sweep, SweepRepository, LeaseAudit, SweepMetrics, SweepMonitor];
const STATUS = [SkillStatusService, SkillStatusRepository];

/** Leases, heartbeats that renew them, the sweeper that ends them, and this service as a member of an upstream registry. */
@Module({
  imports: [TypeOrmModule.forFeature([RegistryIdentityEntity]), CacheModule, OutboundModule, SkillsModule],
  controllers: [HeartbeatsController, SkillStatusController],
  providers: [...LEASES, ...HEARTBEATS, ...SWEEPER, ...STATUS, ...MEMBERSHIP_PROVIDERS],
})
export class RegistryHeartbeatModule {}
