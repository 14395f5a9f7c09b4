import { Inject, Injectable } from '@nestjs/common';
import { type OperationsSettings, operationsSettings } from '#config';
import { type Counter, type Histogram, MetricsService } from '#metrics';
import type { ExecutionStatus } from '../executions/execution.entity.js';
import type { CapableTarget } from '../targets/target.js';
import type { TryFault } from '../executions/try-log.js';

/** Names of capabilities, and of Skills, that get a label of their own. All others share one: this bounds the memory. */
const MAX_NAMES = 200;
const OTHER = 'other';
/** Labels for names that METRICS_SKILL_NAMES hides: a reader of metrics may have no access to the Skill. */
const HIDDEN = 'hidden';
const IN_A_SPACE = 'in a Space';
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

@Injectable()
export class CallMetrics {
  private readonly calls: Counter;
  private readonly tries: Counter;
  private readonly unfit: Counter;
  private readonly durations: Histogram;
  private readonly bySkill: Counter;
  private readonly capabilities = new Set<string>();
  private readonly skills = new Set<string>();

  constructor(
    metrics: MetricsService,
    @Inject(operationsSettings.KEY) private readonly settings: Pick<OperationsSettings, 'skillNames'>,
  ) {
    this.calls = metrics.counter({
      name: 'command_executions_total',
      help: 'Calls of Skills, by outcome.',
      labelNames: ['status'],
    });
    for (const status of ['completed', 'failed', 'cancelled']) this.calls.inc({ status }, 0);
    this.bySkill = metrics.counter({
      name: 'command_skill_executions_total',
      help: 'Calls of Skills, by name of the Skill and outcome.',
      labelNames: ['skill', 'status'],
    });
    this.tries = metrics.counter({
      name: 'command_failed_tries_total',
      help: 'Failed tries of calls at an endpoint, by reason.',
      labelNames: ['fault'],
    });
    for (const fault of ['unreachable', 'timeout', 'error-answer', 'bad-answer']) this.tries.inc({ fault }, 0);
    this.unfit = metrics.counter({
      name: 'command_unfit_results_total',
      help: 'Results of Skills that do not fit the output_schema of the capability.',
    });
    this.durations = metrics.histogram({
      name: 'command_duration_seconds',
      help: 'Duration of calls, by name of the capability.',
      labelNames: ['capability'],
      buckets: BUCKETS_S,
    });
  }

  failedTry(fault: TryFault): void {
    this.tries.inc({ fault });
  }

  unfitResult(): void {
    this.unfit.inc();
  }

  finished({ skillName, capability, spaceId }: CapableTarget, status: ExecutionStatus, ms: number): void {
    this.calls.inc({ status });
    const hidden = this.placeholderFor(spaceId);
    this.bySkill.inc({ skill: hidden ?? chooseLabel(skillName, this.skills), status });
    this.durations.observe({ capability: hidden ?? chooseLabel(capability.name, this.capabilities) }, ms / 1000);
  }

  /** Returns undefined if the name may be shown. */
  private placeholderFor(spaceId: string | null): string | undefined {
    const { skillNames } = this.settings;
    if (skillNames === 'none') return HIDDEN;
    return spaceId === null || skillNames === 'all' ? undefined : IN_A_SPACE;
  }
}

function chooseLabel(name: string, known: Set<string>): string {
  if (known.size < MAX_NAMES) known.add(name);
  return known.has(name) ? name : OTHER;
}
