import { traced, type Tracer } from '#tracing';
import type pg from 'pg';
import { BoundedClient } from './bounded-client.js';
import { sqlStateOf } from './database-errors.js';
import { statementOf } from './statement.js';

type Method = (...args: unknown[]) => unknown;

/** Connections whose queries are spans, where they are a part of something that is recorded. */
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
        const text = textOf(args);
        const statement = text === undefined ? undefined : statementOf(text);
        const span = statement && tracer.part(statement.summary, { ...server, ...statement.attributes });
        if (span === undefined) return query(...args);
        return traced(span, () => query(...args) as Promise<unknown>, { faultOf });
      }) as pg.Client['query'];
    }
  };
}

/** Undefined for a query that tells its end by a callback, or as a stream. */
function textOf(args: readonly unknown[]): string | undefined {
  const [query] = args;
  if (typeof args.at(-1) === 'function') return undefined;
  if (typeof query === 'string') return query;
  if (typeof query !== 'object' || query === null || 'submit' in query || !('text' in query)) return undefined;
  return typeof query.text === 'string' ? query.text : undefined;
}

/** The SQLSTATE; of what never reached PostgreSQL the class of the error. Messages may hold values. */
function faultOf(error: unknown): string {
  return sqlStateOf(error) ?? (error instanceof Error ? error.name : 'unknown');
}
