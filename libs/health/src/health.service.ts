import { type AppSettings, appSettings } from '#config';
import { Inject, Injectable, ServiceUnavailableException } from '@nestjs/common';
import { type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import type { BoundedCheck } from './bounded-check.js';
import { HealthRegistry } from './health-registry.js';
import type { Checks, HealthResponse, ReadyResponse } from './health.response.js';
import { LifecycleState } from './lifecycle-state.js';

/** Runs the indicators with Terminus' executor, and builds the responses of the probes. */
@Injectable()
export class HealthService {
  constructor(
    private readonly registry: HealthRegistry,
    private readonly lifecycle: LifecycleState,
    private readonly terminus: HealthCheckService,
    @Inject(appSettings.KEY) private readonly app: AppSettings,
  ) {}

  /**
   * Unhealthy if an indicator with `readiness` is down; a warning if another one is not up, unless it is for information
   * only.
   */
  async health(): Promise<HealthResponse> {
    const { checks } = await this.run(this.registry.all());
    return {
      status: this.statusOf(checks),
      version: this.app.version,
      uptime: process.uptime(),
      timestamp: new Date().toISOString(),
      checks,
    };
  }

  /** Whether to send requests here. Degraded is ready: removing all replicas for it would be an outage. */
  async readiness(): Promise<ReadyResponse> {
    const { status, checks } = await this.run(this.registry.all().filter(({ indicator }) => indicator.readiness));
    if (this.lifecycle.isDraining || status === 'shutting_down')
      return { status: 'not_ready', reason: 'draining', checks };
    return { status: status === 'error' ? 'not_ready' : 'ready', checks };
  }

  private statusOf(checks: Checks): HealthResponse['status'] {
    const troubled = Object.entries(checks).filter(
      ([name, { status }]) => status !== 'up' && !this.registry.isInformative(name),
    );
    if (troubled.some(([name, { status }]) => status === 'down' && this.registry.isReadinessRelevant(name)))
      return 'unhealthy';
    return troubled.length > 0 ? 'warning' : 'healthy';
  }

  private async run(all: readonly BoundedCheck[]): Promise<{ status: HealthCheckResult['status']; checks: Checks }> {
    const { status, details } = await this.execute(all);
    const checks = Object.entries(details).map(([name, { status, reason }]) => [
      name,
      typeof reason === 'string' ? { status, reason } : { status },
    ]);
    return { status, checks: Object.fromEntries(checks) as Checks };
  }

  /** Terminus throws an unhealthy result; here it is a normal result. */
  private async execute(all: readonly BoundedCheck[]): Promise<HealthCheckResult> {
    try {
      return await this.terminus.check(
        all.map((check) => async () => ({ [check.indicator.name]: await check.result() })),
      );
    } catch (error) {
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }
}
