import { once } from 'node:events';
import pg from 'pg';

type Method = (...args: unknown[]) => unknown;

const TIMED_OUT = 'Query read timeout';

/**
 * A connection that is given up when an answer does not come within `query_timeout`. The driver alone would hand it back
 * to the pool with the question still open, and whoever gets it next would wait behind that, for as long as TCP takes
 * to notice a lost server: a quarter of an hour.
 */
export class BoundedClient extends pg.Client {
  /** Whether it broke before it was told to end; what the server says after that is no news. */
  isLost = false;
  private hasEnded = false;

  constructor(config?: pg.ClientConfig) {
    super(config);
    const query = this.query.bind(this) as Method;
    const end = this.end.bind(this) as Method;
    let ending = false;
    // The pool ends a client that broke before it tells of it; this listener comes before the pool's.
    this.on('error', () => {
      this.isLost ||= !ending;
    });
    this.once('end', () => {
      this.hasEnded = true;
    });
    this.query = ((...args: unknown[]) => {
      const answer = query(...args);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch(async (error: unknown) => {
        if (error instanceof Error && error.message === TIMED_OUT) await this.giveUp();
        throw error;
      });
    }) as pg.Client['query'];
    this.end = ((...args: unknown[]) => {
      ending = true;
      return end(...args);
    }) as pg.Client['end'];
  }

  /** Until the driver has noticed: whoever hears of the time-out sooner sends the next query behind the open one. */
  private async giveUp(): Promise<void> {
    if (this.hasEnded) return;
    const noticed = once(this, 'end');
    this.connection.stream.destroy();
    await noticed;
  }
}
