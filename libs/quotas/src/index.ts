export { type Demand, QuotaExceededError } from './quota.js';
export { Quotas, type QuotaUsage } from './quotas.js';
export { QuotasModule } from './quotas.module.js';
