import type pg from 'pg';
import { DataSource, type ObjectLiteral, QueryFailedError, type QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/**
 * Asks a single statement of the pool itself. TypeORM makes a query runner for each, which costs as much as a small query, and
 * assigns a function to a property of it: V8 allocates that among the long-lived objects, and all that it
 * reaches waits for a full collection (docs/adr/0027). Answers and errors are TypeORM's. Transactions and entities are as ever.
 */
export class PooledDataSource extends DataSource {
  override async query<T = unknown>(
    text: string,
    parameters?: unknown[] | ObjectLiteral,
    queryRunner?: QueryRunner,
  ): Promise<T> {
    if (queryRunner || (parameters && !Array.isArray(parameters))) return super.query<T>(text, parameters, queryRunner);
    const client = await ((this.driver as PostgresDriver).master as pg.Pool).connect();
    let broken: Error | undefined;
    const onError = (error: Error): void => {
      broken = error;
    };
    // Without a listener of who has taken it, a connection that breaks would end the process.
    client.on('error', onError);
    try {
      return resultOf(await client.query(text, parameters as unknown[] | undefined)) as T;
    } catch (error) {
      throw new QueryFailedError(text, parameters as unknown[] | undefined, error as Error);
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }
}

/** As TypeORM gives it. */
function resultOf({ command, rows, rowCount }: pg.QueryResult): unknown {
  return command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows;
}
