import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type CommandsSettings, commandsSettings } from '#config';
import { PeriodicJob } from '#scheduling';
import { ExecutionsRepository } from './executions.repository.js';

const EVERY_MS = 5_000;
/** Rows in one statement. */
const BATCH = 1_000;

/** Ends what a replica that died has left, and deletes what is old. Every replica may do so at any time. */
@Injectable()
export class ExecutionUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: PeriodicJob;

  constructor(
    private readonly repository: ExecutionsRepository,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
    scheduler: SchedulerRegistry,
  ) {
    const options = {
      name: 'execution-upkeep',
      everyMs: EVERY_MS,
      context: 'commands',
      subject: 'The upkeep of executions',
    };
    this.job = new PeriodicJob(scheduler, options, () => this.work());
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  private async work(): Promise<void> {
    while (!this.job.isStopping && (await this.repository.failInterrupted(BATCH)) === BATCH);
    while (!this.job.isStopping && (await this.repository.purge(this.settings.retention, BATCH)) === BATCH);
  }
}
