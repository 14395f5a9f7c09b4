import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { type CommandsSettings, commandsSettings } from '#config';
import { OutageLog } from '#logging';
import { ExecutionsRepository } from './executions.repository.js';

const RECOVER_EVERY_MS = 5_000;
const PURGE_EVERY_MS = 60_000;
/** Rows in one statement. */
const BATCH = 1_000;

/** Ends what a replica that died has left, and deletes what is old. Every replica may do so at any time. */
@Injectable()
export class ExecutionUpkeep {
  private readonly outage = new OutageLog(new Logger('commands'), 'Upkeep of executions');

  constructor(
    private readonly repository: ExecutionsRepository,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  @Interval(RECOVER_EVERY_MS)
  async failInterrupted(): Promise<void> {
    await this.inBatches(() => this.repository.failInterrupted(BATCH));
  }

  @Interval(PURGE_EVERY_MS)
  async purge(): Promise<void> {
    await this.inBatches(() => this.repository.purge(this.settings.retention, BATCH));
  }

  /** Never rejects. */
  private async inBatches(work: () => Promise<number>): Promise<void> {
    try {
      while ((await work()) === BATCH);
      this.outage.end();
    } catch (error) {
      this.outage.begin(String(error));
    }
  }
}
