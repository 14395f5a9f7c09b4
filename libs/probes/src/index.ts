export { type ProbeListener, ProbeRequests } from './probe-requests.js';
export { ProbesModule } from './probes.module.js';
