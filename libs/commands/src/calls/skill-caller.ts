import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CallerAssertions } from '#auth';
import { type CommandsSettings, commandsSettings } from '#config';
import { RetryBudgets } from '../routing/retry-budget.js';
import { type Route, type RoutePlan, Router } from '../routing/router.js';
import { shownIds } from '../targets/target.js';
import { CallMetrics } from './call.metrics.js';
import { EndpointOptionsReader } from './endpoint-options.js';
import { HttpTransport } from './http/http-transport.js';
import type { SkillAnswer } from './skill-answer.js';
import type { TryLog } from '../executions/try-log.js';
import { formatBody, type SkillCall } from './skill-request.js';
import { CallCancelledError, TryError, toTryError } from './try-error.js';
import type { AttemptAnswer } from './transport.js';
import { WebSocketTransport } from './ws/web-socket-transport.js';

/** The header with a signed token that says who calls (docs/calling-skills.md). */
const CALLER_HEADER = 'x-ooder-caller';

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
 * Calls a Skill at one endpoint after the other until one serves the call. Every try has the same `command_id`, by which a
 * Skill recognises a call that it has made already. So a call is retried even when only its answer was lost (ADR 0018).
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

  /** @throws CallCancelledError */
  async call(call: SkillCall): Promise<CallOutcome> {
    const plan = this.router.plan(call.targets, call.channel?.endpointId ?? undefined);
    const deadline = performance.now() + call.timeoutMs;
    const budget = this.budgets.get(call.targets[0].skillId);
    budget.deposit();
    const outcome: CallOutcome = {
      ...failed(2003, 'Every endpoint of this Skill is failing or busy'),
      ...NOT_TRIED,
      tries: call.tries,
    };
    while (call.tries.started < this.settings.maxTries) {
      if (call.tries.started > 0 && !(plan.hasNext && budget.withdraw())) break;
      const route = plan.next();
      if (route === undefined) break;
      const end = call.tries.start(route.endpoint);
      outcome.route = route;
      try {
        const { answer, bytes } = await this.attempt(call, route, plan, deadline, outcome);
        end('answered');
        return {
          ...outcome,
          error: undefined,
          fault: undefined,
          ...answer,
          answered: true,
          sent: true,
          responseBytes: bytes,
        };
      } catch (failure) {
        end(failure instanceof TryError ? failure.fault : 'cancelled');
        if (!(failure instanceof TryError)) throw failure;
        this.metrics.failedTry(failure.fault);
        outcome.sent ||= failure.sent;
        Object.assign(outcome, describeFailure(failure));
        if (failure.isFinal) return { ...outcome, answered: true };
        if (performance.now() >= deadline) return { ...outcome, ...failed(2006, 'The Skill did not answer in time') };
      }
    }
    return outcome;
  }

  private async attempt(
    call: SkillCall,
    { target, endpoint, state }: Route,
    plan: RoutePlan,
    deadline: number,
    outcome: CallOutcome,
  ): Promise<AttemptAnswer> {
    const options = this.options.read(endpoint);
    const left = Math.max(1, deadline - performance.now());
    const mayRetry = plan.hasNext && call.tries.started < this.settings.maxTries;
    const forOne = options.timeoutMs ?? (mayRetry ? this.settings.tryTimeout : left);
    const body = formatBody(call, target);
    outcome.requestBytes = Buffer.byteLength(body);
    const headers = {
      traceparent: call.traceparent,
      [CALLER_HEADER]: await this.assertions.issue(call.caller.clientId, `skill:${shownIds(target).skill_id}`),
    };
    const isWebSocket = endpoint.protocol === 'ws' || endpoint.protocol === 'wss';
    const transport = isWebSocket ? this.webSocket : this.http;
    return state.call(async () => {
      if (call.signal.aborted) throw new CallCancelledError();
      const attempt = { options, body, headers, timeoutMs: Math.min(left, forOne), signal: call.signal };
      const answered = await transport.send(call, target, attempt).catch((error: unknown) => {
        throw toTryError(error);
      });
      if (answered.bytes >= LARGE_ANSWER) await nextTurn();
      return answered;
    });
  }
}

type Failure = Required<Pick<CallOutcome, 'status' | 'error'>> & Pick<CallOutcome, 'fault'>;

function describeFailure({ fault, message, skillError }: TryError): Failure {
  if (skillError) return { status: 'failed', error: skillError, fault: undefined };
  return fault === 'timeout' ? failed(2006, 'The Skill did not answer in time') : failed(2003, message);
}

function failed(code: 2003 | 2006, message: string): Failure {
  return { status: 'failed', error: { code, message }, fault: code };
}
