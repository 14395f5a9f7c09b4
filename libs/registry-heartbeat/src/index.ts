export { HotHeartbeats } from './heartbeats/hot-heartbeats.js';
export { RegistryHeartbeatModule } from './registry-heartbeat.module.js';
export { RegistryIdentityEntity } from './registry-identity.entity.js';
