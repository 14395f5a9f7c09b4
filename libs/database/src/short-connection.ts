import pg from 'pg';

/** Connects, asks and closes; connecting and each answer may take so many milliseconds. */
export async function withConnection<T>(
  url: string,
  timeout: number,
  ask: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeout, query_timeout: timeout });
  // A connection that breaks after its failure has been told is no further news.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await ask(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
