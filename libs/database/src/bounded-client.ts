import { once } from 'node:events';
import pg from 'pg';
import { preparedNameOf } from './prepared.js';

type Method = (...args: unknown[]) => unknown;

const TIMED_OUT = 'Query read timeout';
const OUTSIDE_OF_TRANSACTIONS = 'I';

/**
 * A connection that is given up when an answer does not come within `query_timeout`. The driver alone would hand it back
 * to the pool with the question still open, and whoever gets it next would wait behind that, for as long as TCP takes
 * to notice a lost server: a quarter of an hour.
 *
 * Runs statements that are declared `prepared` as such, by names of its own.
 */
export class BoundedClient extends pg.Client {
  /** Whether it broke before it was told to end; what the server says after that is no news. */
  isLost = false;
  private hasEnded = false;
  /** Rises when what was prepared no longer holds, so that it is prepared again, under other names. */
  private epoch = 0;

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
      const [text, values] = args;
      const name = typeof text === 'string' && args.length <= 2 ? preparedNameOf(text) : undefined;
      const ask = (): unknown =>
        name === undefined ? query(...args) : query({ name: this.nameOf(name), text, values });
      const answer = ask();
      if (!(answer instanceof Promise)) return answer;
      return answer.catch(async (error: unknown) => {
        if (error instanceof Error && error.message === TIMED_OUT) await this.giveUp();
        if (name === undefined || !isStale(error)) throw error;
        this.epoch += 1;
        // Within a transaction nothing more can be asked; `Transactions` begins it again.
        if (this.getTransactionStatus() !== OUTSIDE_OF_TRANSACTIONS) throw error;
        return ask();
      });
    }) as pg.Client['query'];
    this.end = ((...args: unknown[]) => {
      ending = true;
      return end(...args);
    }) as pg.Client['end'];
  }

  private nameOf(statement: string): string {
    return this.epoch === 0 ? statement : `${statement}#${this.epoch}`;
  }

  /** Until the driver has noticed: whoever hears of the time-out sooner sends the next query behind the open one. */
  private async giveUp(): Promise<void> {
    if (this.hasEnded) return;
    const noticed = once(this, 'end');
    this.connection.stream.destroy();
    await noticed;
  }
}

/**
 * Whether PostgreSQL no longer takes a prepared statement as it was: its columns were given other types, or somebody on
 * the way there (a pooler) has reset the session.
 */
export function isStale(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown };
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery');
}
