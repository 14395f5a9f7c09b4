import type { IndicatorCheck, IndicatorResult } from './health-indicator.js';

/** Limits of one check, in milliseconds. */
export interface CheckLimits {
  /** After this a check counts as failed. */
  timeout: number;
  /** A check that has not returned by then is abandoned, and started again. */
  abandonAfter: number;
}

const LIMITS: CheckLimits = { timeout: 1000, abandonAfter: 30_000 };

export type Outcome = IndicatorResult & { error?: unknown };

/**
 * The check of one indicator, with a time-out. Probes that come at the same time share one run, so that any number of them
 * costs one ping. Errors are not thrown: `onChange` logs them, once per change of state.
 */
export class BoundedCheck {
  private running?: { work: Promise<Outcome>; since: number };
  private last: IndicatorResult['status'] = 'up';

  constructor(
    readonly indicator: IndicatorCheck,
    private readonly onChange: (outcome: Outcome) => void,
    private readonly limits: CheckLimits = LIMITS,
  ) {}

  /** Never rejects, and takes `timeout` at most. */
  async result(): Promise<IndicatorResult> {
    const { timeout } = this.limits;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<Outcome>((resolve) => {
      timer = setTimeout(resolve, timeout, { status: 'down', reason: `no answer within ${timeout} ms` });
    });
    const outcome = await Promise.race([this.work(), silence]);
    clearTimeout(timer);
    if (outcome.status !== this.last) this.onChange(outcome);
    this.last = outcome.status;
    const { status, reason } = outcome;
    return reason === undefined ? { status } : { status, reason };
  }

  /** Joins the run in progress: a check that hangs is not started a second time. */
  private work(): Promise<Outcome> {
    if (this.running && performance.now() - this.running.since < this.limits.abandonAfter) return this.running.work;
    const started = { work: this.run(), since: performance.now() };
    this.running = started;
    void started.work.then(() => {
      if (this.running === started) this.running = undefined;
    });
    return started.work;
  }

  private async run(): Promise<Outcome> {
    try {
      return await this.indicator.check();
    } catch (error) {
      return { status: 'down', reason: 'the check failed', error };
    }
  }
}
