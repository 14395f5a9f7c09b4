import { Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthRegistry } from './health-registry.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { LifecycleState } from './lifecycle-state.js';

/** Depends on no feature: features inject HealthRegistry and register their indicators. Needs SettingsModule. */
@Global()
@Module({
  // Terminus would log every failed probe; the registry logs changes.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [HealthRegistry, HealthService, LifecycleState],
  exports: [HealthRegistry, LifecycleState],
})
export class HealthModule {}
