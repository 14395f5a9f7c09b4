import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type CommandsSettings, commandsSettings } from '#config';
import { PeriodicService } from '#scheduling';
import { ExecutionsRepository } from './executions.repository.js';

const EVERY_MS = 5_000;
/** Rows in one statement. */
const BATCH = 1_000;

/** Fails executions of replicas that died, and deletes old executions. Every replica may do so at any time. */
@Injectable()
export class ExecutionUpkeep extends PeriodicService {
  constructor(
    private readonly repository: ExecutionsRepository,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'execution-upkeep',
      everyMs: EVERY_MS,
      context: 'commands',
      subject: 'The upkeep of executions',
    });
  }

  protected async work(): Promise<void> {
    await this.job.inPortions(BATCH, (limit) => this.repository.failInterrupted(limit));
    await this.job.inPortions(BATCH, (limit) => this.repository.purge(this.settings.retention, limit));
  }
}
