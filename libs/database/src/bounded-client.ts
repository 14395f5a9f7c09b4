import { once } from 'node:events';
import pg from 'pg';
import { preparedNameOf } from './prepared.js';

type Method = (...args: unknown[]) => unknown;
type Callback = (error: unknown, result?: unknown) => void;
type Question = pg.QueryConfig & { text: string };
type Answer = (error: Error | null | undefined, result: unknown) => void;

/** The driver's own, of which its types tell less than there is. */
const Query = pg.Query as unknown as new (
  question: string | pg.QueryConfig,
  values: unknown[] | undefined,
  answer: Answer,
) => pg.Query & { name: string | undefined };

const TIMED_OUT = 'Query read timeout';
const OUTSIDE_OF_TRANSACTIONS = 'I';

/**
 * A connection that is given up when an answer does not come within `query_timeout` (milliseconds). The driver alone would
 * hand it back to the pool with the question still open, and whoever gets it next would wait behind that, for as long
 * as TCP takes to notice a lost server: a quarter of an hour.
 *
 * Runs statements that are declared `prepared` as such, by names of its own.
 *
 * The driver gets callbacks and no time-out of its own: for either, and for promises, it assigns a function to a property of
 * the query, which V8 then allocates among the long-lived objects, with all that the query and its answer hold; they
 * would wait for a full collection (docs/adr/0027).
 */
export class BoundedClient extends pg.Client {
  /** Whether it broke before it was told to end; what the server says after that is no news. */
  isLost = false;
  private hasEnded = false;
  private readonly timeout: number | undefined;
  private readonly askDriver: Method;
  /** Rises when what was prepared no longer holds, so that it is prepared again, under other names. */
  private epoch = 0;

  constructor({ query_timeout: timeout, ...config }: pg.ClientConfig = {}) {
    super(config);
    this.timeout = timeout;
    const end = this.end.bind(this) as Method;
    let ending = false;
    // The pool ends a client that broke before it tells of it; this listener comes before the pool's.
    this.on('error', () => {
      this.isLost ||= !ending;
    });
    this.once('end', () => {
      this.hasEnded = true;
    });
    this.askDriver = this.query.bind(this);
    this.query = ((question: unknown, ...rest: unknown[]) => this.take(question, rest)) as pg.Client['query'];
    this.end = ((...args: unknown[]) => {
      ending = true;
      return end(...args);
    }) as pg.Client['end'];
  }

  /** In all the ways in which the driver takes a query. */
  private take(question: unknown, rest: unknown[]): unknown {
    // One that talks to the server by itself: a cursor.
    if (typeof question === 'object' && question !== null && 'submit' in question)
      return this.askDriver(question, ...rest);
    const callback = rest.at(-1);
    const values = Array.isArray(rest[0]) ? { values: rest[0] as unknown[] } : undefined;
    const answer =
      typeof question === 'string'
        ? this.ask(question, values?.values)
        : this.answerTo({ ...(question as Question), ...values });
    if (typeof callback !== 'function') return answer;
    answer.then((result) => {
      (callback as Callback)(undefined, result);
    }, callback as Callback);
    return undefined;
  }

  private async ask(text: string, values: unknown[] | undefined): Promise<unknown> {
    const name = preparedNameOf(text);
    const question: Question = values ? { text, values } : { text };
    if (name === undefined) return this.answerTo(question);
    const askPrepared = (): Promise<unknown> => this.answerTo({ ...question, name: this.nameOf(name) });
    try {
      return await askPrepared();
    } catch (error) {
      if (!isStale(error)) throw error;
      this.epoch += 1;
      // Within a transaction nothing more can be asked; `Transactions` begins it again.
      if (this.getTransactionStatus() !== OUTSIDE_OF_TRANSACTIONS) throw error;
      return askPrepared();
    }
  }

  private async answerTo(question: Question): Promise<unknown> {
    try {
      return await new Promise((resolve, reject) => {
        let hasTimedOut = false;
        const giveUp = (): void => {
          hasTimedOut = true;
          this.giveUp().then(() => {
            reject(new Error(TIMED_OUT));
          }, reject);
        };
        const timer = this.timeout === undefined ? undefined : setTimeout(giveUp, this.timeout);
        const answer: Answer = (error, result) => {
          clearTimeout(timer);
          // The end of the connection is an answer too.
          if (hasTimedOut) return;
          if (error) reject(error);
          else resolve(result);
        };
        this.askDriver(queryOf(question, answer));
      });
    } catch (error) {
      // The stack of the driver leads to the socket; this one to who asked.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
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
 * As the driver makes it of a question. Of an object it first takes a copy, by way of property descriptors; with the text
 * and values alone there is none.
 */
function queryOf({ text, values, name, ...rest }: Question, answer: Answer): pg.Query {
  if (Object.keys(rest).length > 0) return new Query({ text, values, name, ...rest }, undefined, answer);
  const query = new Query(text, values, answer);
  query.name = name;
  return query;
}

/**
 * Whether PostgreSQL no longer takes a prepared statement as it was: its columns were given other types, or somebody on
 * the way there (a pooler) has reset the session.
 */
export function isStale(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown };
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery');
}
