import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** The role of DATABASE_URL has no place to make its tables in; the message says what to grant. */
export class SchemaRightsError extends Error {
  constructor(role: string, database: string) {
    super(
      `The role ${role} may not create tables in the database ${database}. ` +
        `Let a superuser run: ALTER DATABASE "${database}" OWNER TO "${role}"`,
    );
    this.name = 'SchemaRightsError';
  }
}

interface Rights {
  role: string;
  database: string;
  migrated: boolean;
  tables: boolean;
  schemas: boolean;
}

/**
 * Sees to a schema that the first migration can make its tables in. Since PostgreSQL 15 the rights that the deployment
 * guide grants (3.1.4) hold no longer for `public`, but for schemas of one's own: one with the role's name comes first
 * in the default search_path.
 * @throws SchemaRightsError
 */
export async function ensureSchema(session: EntityManager): Promise<void> {
  const [rights] = await session.query<Rights[]>(
    `SELECT current_user AS role, current_database() AS database, to_regclass('migrations') IS NOT NULL AS migrated,
       COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS tables,
       has_database_privilege(current_database(), 'CREATE') AS schemas`,
  );
  if (!rights || rights.migrated || rights.tables) return;
  const { role, database } = rights;
  if (!rights.schemas) throw new SchemaRightsError(role, database);
  await session.query('CREATE SCHEMA IF NOT EXISTS AUTHORIZATION CURRENT_USER');
  new Logger('database').warn(`${role} may not use the schema public of ${database}: the tables are in schema ${role}`);
}
