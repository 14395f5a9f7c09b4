import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CallerAssertions } from '#auth';
import { type CommandsSettings, commandsSettings } from '#config';
import { hedgeDelay } from '../routing/hedge-delay.js';
import { type RetryBudget, RetryBudgets } from '../routing/retry-budget.js';
import { type Route, type RoutePlan, Router } from '../routing/router.js';
import { shownIds } from '../targets/target.js';
import { CallMetrics } from './call.metrics.js';
import { EndpointOptionsReader } from './endpoint-options.js';
import { HttpTransport } from './http/http-transport.js';
import { OpenTries, type OpenTry, OVERTAKEN, type SettledTry } from './open-tries.js';
import type { SkillAnswer } from './skill-answer.js';
import type { TryLog } from '../executions/try-log.js';
import { formatBody, type SkillCall } from './skill-request.js';
import { CallCancelledError, TryError, toTryError } from './try-error.js';
import type { AttemptAnswer } from './transport.js';
import { WebSocketTransport } from './ws/web-socket-transport.js';

/** The header with a signed token that says who calls (docs/calling-skills.md). */
const CALLER_HEADER = 'x-ooder-caller';

const NONE_LEFT = 'Every endpoint of this Skill is failing or busy';

/** Bytes of an answer from which the event loop gets a turn between parsing it and writing it. */
const LARGE_ANSWER = 128 * 1024;

/** The outcome of a call. */
export interface CallOutcome extends SkillAnswer {
  /** The error code if no Skill served the call. */
  fault?: 2003 | 2006;
  /** Whether a Skill has answered. An answer such as 503, after which another endpoint is tried, does not count. */
  answered: boolean;
  /** The endpoint that was tried last; undefined if none was available. */
  route: Route | undefined;
  /** Undefined: none. */
  tries: TryLog | undefined;
  /** Whether a Skill may have received the call. */
  sent: boolean;
  /** Milliseconds after which an endpoint may serve it; undefined: nobody knows. */
  retryAfterMs?: number;
  requestBytes: number;
  responseBytes: number;
}

/** The fields of an outcome when no endpoint was tried. */
export const NOT_TRIED = {
  answered: false,
  route: undefined,
  tries: undefined,
  sent: false,
  requestBytes: 0,
  responseBytes: 0,
} as const satisfies Partial<CallOutcome>;

/**
 * Calls a Skill at its endpoints until one serves the call. Every try has the same `command_id`, by which a Skill recognises a call
 * that it has made already. So a call is retried even when only its answer was lost (ADR 0018).
 */
@Injectable()
export class SkillCaller {
  constructor(
    private readonly router: Router,
    private readonly http: HttpTransport,
    private readonly webSocket: WebSocketTransport,
    private readonly options: EndpointOptionsReader,
    private readonly assertions: CallerAssertions,
    private readonly metrics: CallMetrics,
    private readonly budgets: RetryBudgets,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  /** `longestRestMs`: how long it waits for an endpoint that asks to be left alone. @throws CallCancelledError */
  async call(call: SkillCall, longestRestMs: number): Promise<CallOutcome> {
    const open = new OpenTries(call.signal);
    const deadline = performance.now() + call.timeoutMs;
    try {
      return await this.race(call, open, deadline, longestRestMs);
    } finally {
      open.close(isOver(deadline) && !call.signal.aborted ? 'timeout' : 'cancelled');
    }
  }

  /**
   * Tries one endpoint after the other, and the next one already while one takes longer than usual. The first answer counts: all
   * tries have the same `command_id` (docs/adr/0050).
   */
  private async race(call: SkillCall, open: OpenTries, deadline: number, longestRestMs: number): Promise<CallOutcome> {
    const plan = this.router.plan(call.targets, call.caller.clientId, call.channel?.endpointId ?? undefined);
    const budget = this.budgets.get(call.targets[0].skillId);
    budget.deposit();
    const outcome: CallOutcome = { ...failed(2003, NONE_LEFT), ...NOT_TRIED, tries: call.tries };
    for (;;) {
      const route = this.nextRoute(call, plan, budget);
      if (route) open.add(...this.start(call, route, plan, deadline, outcome));
      else if (open.isEmpty) {
        if (await this.rested(call, plan, Math.min(performance.now() + longestRestMs, deadline))) continue;
        return { ...outcome, retryAfterMs: Math.max(outcome.retryAfterMs ?? 0, plan.availableIn ?? 0) };
      }
      const settled = await open.next(route && this.hedgeIn(call, route, plan, deadline));
      if (settled === undefined) continue;
      if ('answered' in settled) {
        settled.end('answered');
        for (const _ of open.supersede(settled)) this.metrics.failedTry('timeout');
        return toAnswered(outcome, settled);
      }
      const { error } = settled;
      settled.end(error instanceof TryError ? error.fault : 'cancelled');
      if (!(error instanceof TryError)) throw error;
      this.metrics.failedTry(error.fault);
      outcome.sent ||= error.sent;
      outcome.retryAfterMs = error.retryAfterMs;
      if (error.isForCaller && error.retryAfterMs > 0) plan.pauseCaller(settled.route, error.retryAfterMs);
      Object.assign(outcome, describeFailure(error), { route: settled.route });
      if (error.isFinal) return { ...outcome, answered: true };
      if (isOver(deadline)) return { ...outcome, ...failed(2006, 'The Skill did not answer in time') };
    }
  }

  /** Returns the endpoint for the next try, or undefined if there may be none. */
  private nextRoute({ tries }: SkillCall, plan: RoutePlan, budget: RetryBudget): Route | undefined {
    if (tries.started >= this.settings.maxTries) return undefined;
    if (tries.started > 0 && !(plan.hasNext && budget.withdraw())) return undefined;
    return plan.next();
  }

  /** Milliseconds after which another endpoint is tried as well; undefined: not at all. */
  private hedgeIn(call: SkillCall, route: Route, plan: RoutePlan, deadline: number): number | undefined {
    if (call.tries.started >= this.settings.maxTries || !plan.hasNext) return undefined;
    const terms = { leftMs: deadline - performance.now(), unknownMs: this.settings.tryTimeout };
    return hedgeDelay(route.latencies, plan.latenciesBeside(route), terms);
  }

  /** Waits for the first endpoint that asked to be left alone for a time. Returns false if that would be too late. */
  private async rested(call: SkillCall, plan: RoutePlan, latest: number): Promise<boolean> {
    const wait = plan.restsFor;
    if (wait === undefined || performance.now() + wait >= latest) return false;
    if (call.tries.started >= this.settings.maxTries) return false;
    // A timer may fire a fraction of a millisecond early.
    await delay(Math.ceil(wait) + 1, undefined, { signal: call.signal }).catch(() => {
      throw new CallCancelledError();
    });
    plan.startOver();
    return plan.hasNext;
  }

  private start(
    call: SkillCall,
    route: Route,
    plan: RoutePlan,
    deadline: number,
    outcome: CallOutcome,
  ): [OpenTry, Promise<AttemptAnswer>] {
    const made = {
      route,
      startedAt: performance.now(),
      abort: new AbortController(),
      end: call.tries.start(route.endpoint),
    };
    outcome.route = route;
    return [made, this.attempt(call, made, plan, deadline, outcome)];
  }

  private async attempt(
    call: SkillCall,
    { route, startedAt, abort: { signal } }: OpenTry,
    plan: RoutePlan,
    deadline: number,
    outcome: CallOutcome,
  ): Promise<AttemptAnswer> {
    const { target, endpoint, state, latencies } = route;
    const options = this.options.read(endpoint);
    const left = Math.max(1, deadline - startedAt);
    const body = formatBody(call, target);
    outcome.requestBytes = Buffer.byteLength(body);
    const headers = {
      ...call.passedHeaders,
      traceparent: call.traceparent,
      [CALLER_HEADER]: await this.assertions.issue(call.caller.clientId, `skill:${shownIds(target).skill_id}`),
    };
    const isWebSocket = endpoint.protocol === 'ws' || endpoint.protocol === 'wss';
    const transport = isWebSocket ? this.webSocket : this.http;
    const { timeoutMs: limit = Infinity } = options;
    const isSlow = (): boolean => plan.isSlow(route, startedAt, limit < left ? limit : undefined);
    return state.call(async () => {
      if (signal.aborted) throw new CallCancelledError();
      const attempt = { options, body, headers, timeoutMs: Math.min(left, limit), signal };
      const answered = await transport.send(call, target, attempt).catch((error: unknown) => {
        if (signal.reason === OVERTAKEN) throw overtaken(isSlow());
        throw toTryError(error, isSlow);
      });
      latencies.add(startedAt);
      if (answered.bytes >= LARGE_ANSWER) await nextTurn();
      return answered;
    });
  }
}

/** Timers of Node may end a fraction of a millisecond early. */
function isOver(deadline: number): boolean {
  return performance.now() >= deadline - 1;
}

function overtaken(isBlamed: boolean): TryError {
  return new TryError('timeout', 'another endpoint answered before', true, undefined, { isBlamed });
}

function toAnswered(
  outcome: CallOutcome,
  { route, answered: { answer, bytes } }: SettledTry & { answered: AttemptAnswer },
): CallOutcome {
  return {
    ...outcome,
    error: undefined,
    fault: undefined,
    ...answer,
    route,
    answered: true,
    sent: true,
    responseBytes: bytes,
  };
}

type Failure = Required<Pick<CallOutcome, 'status' | 'error'>> & Pick<CallOutcome, 'fault'>;

function describeFailure({ fault, message, skillError }: TryError): Failure {
  if (skillError) return { status: 'failed', error: skillError, fault: undefined };
  return fault === 'timeout' ? failed(2006, 'The Skill did not answer in time') : failed(2003, message);
}

function failed(code: 2003 | 2006, message: string): Failure {
  return { status: 'failed', error: { code, message }, fault: code };
}
