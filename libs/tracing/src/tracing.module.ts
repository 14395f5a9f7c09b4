import { type DynamicModule, Global, Module } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { TRACER, type Tracing } from './tracer.js';
import { TracingMonitor } from './tracing-monitor.js';

/** Provides the tracer, if there is one, to every room: inject `TRACER`, with `@Optional()`. */
@Global()
@Module({})
export class TracingModule {
  static forRoot(tracing: Tracing | undefined): DynamicModule {
    if (tracing === undefined) return { module: TracingModule };
    return {
      module: TracingModule,
      providers: [
        { provide: TRACER, useValue: tracing.tracer },
        {
          provide: TracingMonitor,
          inject: [MetricsService],
          useFactory: (metrics: MetricsService) => new TracingMonitor(tracing, metrics),
        },
      ],
      exports: [TRACER],
    };
  }
}
