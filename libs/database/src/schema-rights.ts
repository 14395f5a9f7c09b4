import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** The role of DATABASE_URL may not create tables in any schema. The message says what to grant. */
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
 * Makes sure that there is a schema for the tables of the first migration. Since PostgreSQL 15 the rights of the deployment
 * guide (3.1.4) are not enough for `public`, but they are enough to create a schema with the name of the role, which comes
 * first in the default search_path.
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
