export { ADVISORY_LOCKS, type AdvisoryLock, withAdvisoryLock } from './advisory-lock.js';
export { type ArrayElement, arrayLiteral, columnsOf } from './array-literal.js';
export { createDatabase } from './create-database.js';
export { dataSourceOptions, type Entities } from './data-source-options.js';
export { DatabaseModule } from './database.module.js';
export { isDatabaseOutage, sqlStateOf, translateDatabaseError, violatesUnique } from './database-errors.js';
export { DatabaseServer, DatabaseUnreachableError } from './database-server.js';
export {
  DataFolderInUseError,
  DataFolderVersionError,
  EmbeddedPostgres,
  EmbeddedPostgresError,
} from './embedded/index.js';
export { LeaderElection } from './leader-election.js';
export { LaterSchemaError, migrate, revert } from './migrator.js';
export { inSnapshot, rowsOf, schemaOf } from './snapshot.js';
export { prepared } from './prepared.js';
export { SchemaRightsError } from './schema-rights.js';
export { SchemaBehindError } from './schema-start.js';
export { TablesInUseError } from './table-locks.js';
export { TimestampedEntity } from './timestamped.entity.js';
export { RetryTransaction, type Transaction, Transactions } from './transactions.js';
