export { DataFolderInUseError } from './data-folder-claim.js';
export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
