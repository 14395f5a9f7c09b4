export { type CheckBudget, newCheckBudget, TooCostlyError } from './budget.js';
export type { FaultWords } from './fault-words.js';
export { listNearValues } from './near-values.js';
export { matchesPattern, PatternsCheck } from './linear-pattern.js';
export { schemaFault } from './schema-check.js';
export type { JsonSchema } from './schema-tree.js';
export type { SchemaValidator } from './schema-validator.js';
export { compileFault, isProven, validatorOf } from './schema-validators.js';
