export { exportRegistry } from './export.js';
export { writeWhole } from './export-file.js';
export { FileFaultsError } from './file-faults.js';
export type { TrailerLine } from './format.js';
export { CONFLICT_MODES, type ConflictMode, Import, ImportConflictError, type ImportOptions } from './import.js';
export type { ImportReport } from './import-report.js';
export { createKinds } from './kinds.js';
export { spooled } from './spooled.js';
