import { setTimeout } from 'node:timers/promises';
import type { Logger } from '@nestjs/common';
import { describeError } from '#common';

/** Updates a metric just before it is read. */
export type Collect<M> = (metric: M) => void | Promise<void>;

/**
 * Keeps one failing or hanging `collect` from breaking /metrics. After an error, or `timeout` milliseconds, the metric keeps
 * its last value; the failure is counted, and logged once until it works again. A collect that still runs is not started
 * a second time. It cannot protect from one that blocks the event loop.
 */
export function guardCollect<M>(
  name: string,
  collect: Collect<M>,
  options: { timeout: number; logger: Pick<Logger, 'log' | 'warn'>; onFailure: () => void },
): (this: M) => Promise<void> {
  let running: Promise<void> | undefined;
  let overdue = false;
  let failing = false;

  const run = async (metric: M): Promise<void> => {
    await collect(metric);
  };
  const start = (metric: M): Promise<void> => {
    const settled = (): void => {
      running = undefined;
      overdue = false;
    };
    running = run(metric);
    running.then(settled, settled);
    return running;
  };

  return async function guarded(this: M): Promise<void> {
    try {
      if (overdue) throw new Error('the last collect has not come back yet');
      if (!(await endsWithin(running ?? start(this), options.timeout))) {
        overdue = true;
        throw new Error(`no value within ${options.timeout} ms`);
      }
      if (failing) options.logger.log(`The metric ${name} is collected again`);
      failing = false;
    } catch (error) {
      options.onFailure();
      if (!failing) options.logger.warn(`The metric ${name} cannot be collected: ${describeError(error)}`);
      failing = true;
    }
  };
}

/** Whether the work is done in time. @throws the error of the work */
async function endsWithin(work: Promise<void>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([work.then(() => true), setTimeout(milliseconds, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
