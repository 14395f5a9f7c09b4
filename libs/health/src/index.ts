export type { IndicatorCheck, IndicatorResult, IndicatorStatus } from './health-indicator.js';
export { HealthRegistry } from './health-registry.js';
export { HealthModule } from './health.module.js';
export { LifecycleState } from './lifecycle-state.js';
