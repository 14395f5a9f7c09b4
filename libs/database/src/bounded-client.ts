import { once } from 'node:events';
import pg from 'pg';
import { findPreparedName } from './prepared.js';

type Method = (...args: unknown[]) => unknown;
type Callback = (error: unknown, result?: unknown) => void;
type QueryInput = pg.QueryConfig & { text: string };
type Answer = (error: Error | null | undefined, result: unknown) => void;

/** The query class of the driver, with properties that its types do not declare. */
const Query = pg.Query as unknown as new (
  query: string | pg.QueryConfig,
  values: unknown[] | undefined,
  answer: Answer,
) => pg.Query & { name: string | undefined };

const TIMED_OUT = 'Query read timeout';
const OUTSIDE_OF_TRANSACTIONS = 'I';

/**
 * Closes its connection if there is no answer within `query_timeout` (milliseconds). The driver alone would return the
 * connection to the pool with the query still open. The next user would wait behind it until TCP notices a lost server,
 * which takes a quarter of an hour.
 *
 * Runs statements that were declared with `prepared` as prepared statements.
 *
 * The driver gets callbacks but no time-out: for time-outs and promises it assigns a function to a property of the query,
 * which V8 then allocates among the long-lived objects, with everything that the query and its result hold, and they wait
 * for a full collection (docs/adr/0027).
 */
export class BoundedClient extends pg.Client {
  /** Whether it broke before `end` was called. Errors after that do not count. */
  isLost = false;
  private hasEnded = false;
  private readonly timeout: number | undefined;
  private readonly sendToDriver: Method;
  /** Increases when prepared statements become invalid, so that they are prepared again under other names. */
  private epoch = 0;

  constructor({ query_timeout: timeout, ...config }: pg.ClientConfig = {}) {
    super(config);
    this.timeout = timeout;
    const end = this.end.bind(this) as Method;
    let ending = false;
    // The pool calls `end` on a broken client; this listener runs before that of the pool.
    this.on('error', () => {
      this.isLost ||= !ending;
    });
    this.once('end', () => {
      this.hasEnded = true;
    });
    this.sendToDriver = this.query.bind(this);
    this.query = ((query: unknown, ...rest: unknown[]) => this.take(query, rest)) as pg.Client['query'];
    this.end = ((...args: unknown[]) => {
      ending = true;
      return end(...args);
    }) as pg.Client['end'];
  }

  /** Accepts a query in all forms of the driver. */
  private take(query: unknown, rest: unknown[]): unknown {
    // An object that talks to the server itself, such as a cursor.
    if (typeof query === 'object' && query !== null && 'submit' in query) return this.sendToDriver(query, ...rest);
    const callback = rest.at(-1);
    const values = Array.isArray(rest[0]) ? { values: rest[0] as unknown[] } : undefined;
    const answer =
      typeof query === 'string' ? this.run(query, values?.values) : this.send({ ...(query as QueryInput), ...values });
    if (typeof callback !== 'function') return answer;
    answer.then((result) => {
      (callback as Callback)(undefined, result);
    }, callback as Callback);
    return undefined;
  }

  private async run(text: string, values: unknown[] | undefined): Promise<unknown> {
    const name = findPreparedName(text);
    const query: QueryInput = values ? { text, values } : { text };
    if (name === undefined) return this.send(query);
    const runPrepared = (): Promise<unknown> => this.send({ ...query, name: this.versionName(name) });
    try {
      return await runPrepared();
    } catch (error) {
      if (!isStale(error)) throw error;
      this.epoch += 1;
      // The transaction has failed; `Transactions` runs it again.
      if (this.getTransactionStatus() !== OUTSIDE_OF_TRANSACTIONS) throw error;
      return runPrepared();
    }
  }

  private async send(query: QueryInput): Promise<unknown> {
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
          // Closing the connection also calls back.
          if (hasTimedOut) return;
          if (error) reject(error);
          else resolve(result);
        };
        this.sendToDriver(createQuery(query, answer));
      });
    } catch (error) {
      // The stack of the driver leads to the socket, this one to the caller.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  private versionName(statement: string): string {
    return this.epoch === 0 ? statement : `${statement}#${this.epoch}`;
  }

  /** Returns when the driver has noticed. Otherwise the caller could send the next query behind the open one. */
  private async giveUp(): Promise<void> {
    if (this.hasEnded) return;
    const noticed = once(this, 'end');
    this.connection.stream.destroy();
    await noticed;
  }
}

/**
 * Creates the query object of the driver. If it gets an object, the driver copies it by property descriptors; with text and
 * values it makes no copy.
 */
function createQuery({ text, values, name, ...rest }: QueryInput, answer: Answer): pg.Query {
  if (Object.keys(rest).length > 0) return new Query({ text, values, name, ...rest }, undefined, answer);
  const query = new Query(text, values, answer);
  query.name = name;
  return query;
}

/**
 * Whether a prepared statement is no longer valid: the types of its columns have changed, or a pooler in between has reset
 * the session.
 */
export function isStale(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown };
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery');
}
