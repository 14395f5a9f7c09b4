import pg from 'pg';
import { getSqlState } from './database-errors.js';
import { DatabaseUnreachableError, ping } from './database-server.js';

const DUPLICATE_DATABASE = '42P04';

/**
 * Creates the database that the URL names, through the maintenance database `postgres` of the same server. Returns
 * false if it exists already. The role needs CREATEDB (deployment guide 3.1.4). It waits `connectTimeout` milliseconds for
 * the server.
 * @throws DatabaseUnreachableError
 */
export async function createDatabase(url: string, connectTimeout: number): Promise<boolean> {
  const target = new URL(url);
  const name = decodeURIComponent(target.pathname.slice(1));
  if (await exists(url, connectTimeout)) return false;
  target.pathname = '/postgres';
  const client = new pg.Client({ connectionString: target.toString(), connectionTimeoutMillis: connectTimeout });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} ENCODING 'UTF8' TEMPLATE template0`);
    return true;
  } catch (error) {
    if (getSqlState(error) === DUPLICATE_DATABASE) return false;
    throw error;
  } finally {
    await client.end();
  }
}

const INVALID_CATALOG_NAME = '3D000';

async function exists(url: string, connectTimeout: number): Promise<boolean> {
  try {
    await ping(url, connectTimeout);
    return true;
  } catch (error) {
    if (getSqlState(error) === INVALID_CATALOG_NAME) return false;
    throw new DatabaseUnreachableError(url, error);
  }
}
