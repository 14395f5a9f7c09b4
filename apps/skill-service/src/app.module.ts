import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthModule } from '#auth';
import { CacheModule } from '#cache';
import { ChannelsModule } from '#channels';
import { CommandsModule } from '#commands';
import { type Settings, SettingsModule } from '#config';
import { DatabaseModule } from '#database';
import { HealthModule } from '#health';
import { MetricsModule } from '#metrics';
import { OutboundModule } from '#outbound';
import { ProbesModule } from '#probes';
import { RateLimitModule } from '#rate-limit';
import { RegistryHeartbeatModule } from '#registry-heartbeat';
import { SkillsModule } from '#skills';
import { type Tracing, TracingModule } from '#tracing';
import { AdminPort } from './admin-port.js';
import { ENTITIES } from './data-source.js';
import { Draining } from './draining.js';

/** The rooms of the service. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings, tracing?: Tracing): DynamicModule {
    return {
      module: AppModule,
      imports: [
        SettingsModule.forRoot(settings),
        ScheduleModule.forRoot(),
        MetricsModule,
        HealthModule,
        TracingModule.forRoot(tracing),
        DatabaseModule.forRoot(ENTITIES),
        CacheModule,
        OutboundModule,
        AuthModule,
        RateLimitModule,
        SkillsModule,
        RegistryHeartbeatModule,
        ChannelsModule,
        ProbesModule,
        CommandsModule,
      ],
      providers: [Draining, AdminPort],
    };
  }
}
