import type { Logger } from '@nestjs/common';

/** One warning when an outage begins and one line when it ends, however many faults there are in between. */
export class OutageLog {
  private since: number | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly subject: string,
  ) {}

  get isUnavailable(): boolean {
    return this.since !== undefined;
  }

  begin(reason: string): void {
    if (this.since !== undefined) return;
    this.since = performance.now();
    this.logger.warn(`${this.subject} is unavailable: ${reason}`);
  }

  end(): void {
    if (this.since === undefined) return;
    const seconds = (performance.now() - this.since) / 1000;
    this.since = undefined;
    this.logger.log(`${this.subject} is available again after ${seconds.toFixed(1)} s`);
  }
}
