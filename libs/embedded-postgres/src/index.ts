export { DataFolderInUseError } from './data-folder-claim.js';
export { DataFolderVersionError } from './data-folder-version.js';
export { EmbeddedPostgresError } from './embedded-postgres.error.js';
export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { runningServerUrl } from './running-server.js';
