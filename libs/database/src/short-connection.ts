import pg from 'pg';

/** Connects, runs `work` and closes. `timeout` (milliseconds) limits connecting, and each query. */
export async function withConnection<T>(
  url: string,
  timeout: number,
  ask: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeout, query_timeout: timeout });
  // The query has failed already when the connection reports this error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await ask(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
