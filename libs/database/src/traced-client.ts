import { traced, type Tracer } from '#tracing';
import type pg from 'pg';
import { BoundedClient } from './bounded-client.js';
import { getSqlState } from './database-errors.js';
import { describeStatement } from './statement.js';

type Method = (...args: unknown[]) => unknown;

/** A connection that records each query as a span, if the query is part of a recorded trace. */
export function tracedClient(tracer: Tracer): typeof BoundedClient {
  return class extends BoundedClient {
    constructor(config?: pg.ClientConfig) {
      super(config);
      const server = {
        'db.system.name': 'postgresql',
        'db.namespace': this.database,
        'server.address': this.host,
        'server.port': this.port,
      };
      const query = this.query.bind(this) as Method;
      this.query = ((...args: unknown[]) => {
        const text = findText(args);
        const statement = text === undefined ? undefined : describeStatement(text);
        const span = statement && tracer.part(statement.summary, { ...server, ...statement.attributes });
        if (span === undefined) return query(...args);
        return traced(span, () => query(...args) as Promise<unknown>, { faultOf });
      }) as pg.Client['query'];
    }
  };
}

/** Returns undefined if the query reports its end by a callback or as a stream. */
function findText(args: readonly unknown[]): string | undefined {
  const [query] = args;
  if (typeof args.at(-1) === 'function') return undefined;
  if (typeof query === 'string') return query;
  if (typeof query !== 'object' || query === null || 'submit' in query || !('text' in query)) return undefined;
  return typeof query.text === 'string' ? query.text : undefined;
}

/** Returns the SQLSTATE, or the class of an error that is not from PostgreSQL. Messages may contain values. */
function faultOf(error: unknown): string {
  return getSqlState(error) ?? (error instanceof Error ? error.name : 'unknown');
}
