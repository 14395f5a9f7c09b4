import { Injectable, Logger } from '@nestjs/common';
import { BoundedCheck } from './bounded-check.js';
import type { IndicatorCheck } from './health-indicator.js';

/** Features register their indicators here; /health and /readyz check them. */
@Injectable()
export class HealthRegistry {
  private readonly logger = new Logger('health');
  private readonly checks = new Map<string, BoundedCheck>();

  /**
   * Returns a function that removes the indicator, for a feature that stops before the application does.
   * @throws Error when the name is taken.
   */
  register(indicator: IndicatorCheck): () => void {
    const { name } = indicator;
    if (this.checks.has(name)) throw new Error(`There is a health indicator named ${name} already.`);
    this.checks.set(
      name,
      new BoundedCheck(indicator, ({ status, reason, error }) => {
        const line = `${name} is ${status}${reason === undefined ? '' : `: ${reason}`}`;
        if (indicator.informative) this.logger.debug(line);
        else if (status === 'up') this.logger.log(line);
        else if (error === undefined) this.logger.warn(line);
        else this.logger.warn(line, error);
      }),
    );
    return () => {
      this.checks.delete(name);
    };
  }

  all(): BoundedCheck[] {
    return [...this.checks.values()];
  }

  isReadinessRelevant(name: string): boolean {
    return this.checks.get(name)?.indicator.readiness ?? false;
  }

  isInformative(name: string): boolean {
    return this.checks.get(name)?.indicator.informative ?? false;
  }
}
