import { Client, DatabaseError } from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

/**
 * Creates the database if it is missing.
 * @throws EmbeddedPostgresError with advice if the server refuses the password; other errors of PostgreSQL as they are.
 */
export async function ensureDatabase(serverUrl: string, name: string, passwordFile: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl, connectionTimeoutMillis: 10_000 });
  // A connection that breaks makes the query fail as well; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '28P01') throw error;
    throw new EmbeddedPostgresError(
      `The database was made with another password than ${passwordFile} holds: restore that file.`,
      error,
    );
  } finally {
    await client.end();
  }
}
