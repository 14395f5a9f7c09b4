import { Module } from '@nestjs/common';
import { AuthModule } from '#auth';
import { OutboundModule } from '#outbound';
import { SkillsModule } from '#skills';
import { ChecksController } from './checks/checks.controller.js';
import { ChecksRepository } from './checks/checks.repository.js';
import { ChecksService } from './checks/checks.service.js';
import { Enrolment } from './enrolment.js';
import { ProbeCaller } from './calls/probe-caller.js';
import { ProbeClaimsRepository } from './probe-claims.repository.js';
import { ProbeRequests } from './probe-requests.js';
import { ProbeResultsRepository } from './results/probe-results.repository.js';
import { ProbeResults } from './results/probe-results.js';
import { ProbeMetrics } from './probe.metrics.js';
import { Prober } from './prober.js';

/** Health checks of endpoints that send no heartbeats, and of endpoints whose circuit is open. */
@Module({
  imports: [AuthModule, OutboundModule, SkillsModule],
  controllers: [ChecksController],
  providers: [
    Prober,
    Enrolment,
    ProbeRequests,
    ProbeCaller,
    ProbeResults,
    ProbeClaimsRepository,
    ProbeResultsRepository,
    ProbeMetrics,
    ChecksService,
    ChecksRepository,
  ],
  exports: [ProbeRequests],
})
export class ProbesModule {}
