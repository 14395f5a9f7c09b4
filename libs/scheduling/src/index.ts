export { PeriodicJob, type PeriodicJobOptions } from './periodic-job.js';
export { PeriodicService } from './periodic-service.js';
