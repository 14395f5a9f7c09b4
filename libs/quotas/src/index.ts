export { type Demand, type Growth, QuotaExceededError } from './quota.js';
export { Quotas, type QuotaUsage, type Usage } from './quotas.js';
export { QuotasModule } from './quotas.module.js';
