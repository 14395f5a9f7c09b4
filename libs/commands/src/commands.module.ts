import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '#auth';
import { CacheModule } from '#cache';
import { ChannelsModule } from '#channels';
import { MetricsModule } from '#metrics';
import { OutboundModule } from '#outbound';
import { ProbesModule } from '#probes';
import { SkillsModule } from '#skills';
import { CallMetrics } from './calls/call.metrics.js';
import { EndpointOptionsReader } from './calls/endpoint-options.js';
import { HttpTransport } from './calls/http/http-transport.js';
import { SkillCaller } from './calls/skill-caller.js';
import { WebSocketTransport } from './calls/ws/web-socket-transport.js';
import { CallRunner } from './calls/call-runner.js';
import { CallPreparation } from './calls/call-preparation.js';
import { ChannelCalls } from './calls/channel-calls.js';
import { CommandsController } from './commands.controller.js';
import { CommandsService } from './commands.service.js';
import { ExecutionsController } from './executions/executions.controller.js';
import { ExecutionsService } from './executions/executions.service.js';
import { CallCancellation } from './executions/call-cancellation.js';
import { CallStatistics } from './executions/call-statistics.js';
import { ExecutionEntity } from './executions/execution.entity.js';
import { ExecutionEnds } from './executions/execution-ends.js';
import { ExecutionJournal } from './executions/execution-journal.js';
import { ExecutionsQuery } from './executions/executions.query.js';
import { FinishedExecutions } from './executions/finished-executions.js';
import { ExecutionsRepository } from './executions/executions.repository.js';
import { ExecutionUpkeep } from './executions/execution-upkeep.js';
import { RunningCalls } from './executions/running-calls.js';
import { TryRecorder } from './executions/try-recorder.js';
import { CallQueue } from './queue/call-queue.js';
import { CallQueueRepository } from './queue/call-queue.repository.js';
import { CallbackDeliveries } from './callbacks/callback-deliveries.js';
import { CallbackEntity } from './callbacks/callback.entity.js';
import { CallbackSender } from './callbacks/callback-sender.js';
import { CallbacksRepository } from './callbacks/callbacks.repository.js';
import { QueuedCallRunner } from './queue/queued-call-runner.js';
import { QueueMetrics } from './queue/queue.metrics.js';
import { CallerPauses } from './routing/caller-pauses.js';
import { EndpointStates } from './routing/endpoint-states.js';
import { RetryBudgets } from './routing/retry-budget.js';
import { Router } from './routing/router.js';
import { QuotasModule } from '#quotas';
import { PendingQuota } from './queue/pending-quota.js';
import { TargetCache } from './targets/target-cache.js';
import { TargetResolver } from './targets/target-resolver.js';
import { TargetsRepository } from './targets/targets.repository.js';

/** Calls of Skills: finds the Skill, chooses an endpoint, retries with another one, and records each call. */
@Module({
  imports: [
    TypeOrmModule.forFeature([ExecutionEntity, CallbackEntity]),
    AuthModule,
    CacheModule,
    ChannelsModule,
    MetricsModule,
    OutboundModule,
    ProbesModule,
    QuotasModule,
    SkillsModule,
  ],
  controllers: [CommandsController, ExecutionsController],
  providers: [
    PendingQuota,
    TargetsRepository,
    TargetCache,
    TargetResolver,
    CallerPauses,
    EndpointStates,
    RetryBudgets,
    Router,
    EndpointOptionsReader,
    HttpTransport,
    WebSocketTransport,
    SkillCaller,
    CallMetrics,
    ExecutionsRepository,
    ExecutionsQuery,
    FinishedExecutions,
    ExecutionJournal,
    ExecutionUpkeep,
    RunningCalls,
    TryRecorder,
    CallCancellation,
    ExecutionEnds,
    CallStatistics,
    ChannelCalls,
    CallPreparation,
    CallRunner,
    QueueMetrics,
    CallbacksRepository,
    CallbackSender,
    CallbackDeliveries,
    CallQueueRepository,
    QueuedCallRunner,
    CallQueue,
    CommandsService,
    ExecutionsService,
  ],
})
export class CommandsModule {}
