import type pg from 'pg';
import { DataSource, type ObjectLiteral, QueryFailedError, type QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/**
 * Sends a single statement directly to the pool. TypeORM creates a query runner for each statement, which costs as much as a
 * small query. It also assigns a function to a property of it, which V8 allocates among the long-lived objects, so that it
 * and everything it refers to wait for a full collection (docs/adr/0027). Results and errors are those of TypeORM.
 * Transactions and entities work as in TypeORM.
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
    // Without this listener, a connection that breaks while it is in use would end the process.
    client.on('error', onError);
    try {
      return toResult(await client.query(text, parameters as unknown[] | undefined)) as T;
    } catch (error) {
      throw new QueryFailedError(text, parameters as unknown[] | undefined, error as Error);
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }
}

/** Converts a result to the form that TypeORM returns. */
function toResult({ command, rows, rowCount }: pg.QueryResult): unknown {
  return command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows;
}
