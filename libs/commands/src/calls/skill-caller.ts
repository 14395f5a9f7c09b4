import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CallerAssertions } from '#auth';
import { type CommandsSettings, commandsSettings } from '#config';
import { RetryBudgets } from '../routing/retry-budget.js';
import { type Route, type RoutePlan, Router } from '../routing/router.js';
import { CallMetrics } from './call.metrics.js';
import { EndpointOptionsReader } from './endpoint-options.js';
import { HttpTransport } from './http/http-transport.js';
import type { SkillAnswer } from './skill-answer.js';
import { formatBody, type SkillCall } from './skill-request.js';
import { CallCancelledError, TryError, toTryError } from './try-error.js';
import type { AttemptAnswer } from './transport.js';
import { WebSocketTransport } from './ws/web-socket-transport.js';

/** The header in which a Skill is told who calls: a token of ours for it (docs/calling-skills.md). */
const CALLER_HEADER = 'x-ooder-caller';

/** Bytes of an answer from which others have their turn between its reading and its writing. */
const LARGE_ANSWER = 128 * 1024;

/** What became of a call. */
export interface CallOutcome extends SkillAnswer {
  /** Our own code of a call that nobody served: 2003 or 2006. */
  fault?: 2003 | 2006;
  /** Whether a Skill has answered; not that an endpoint said no more than that it cannot serve. */
  answered: boolean;
  /** The endpoint that was tried last; undefined: none could be. */
  route: Route | undefined;
  tries: number;
  /** Whether a Skill may have got it. */
  sent: boolean;
  requestBytes: number;
  responseBytes: number;
}

/** Of a call that no endpoint was tried with. */
export const NOT_TRIED = {
  answered: false,
  route: undefined,
  tries: 0,
  sent: false,
  requestBytes: 0,
  responseBytes: 0,
} as const satisfies Partial<CallOutcome>;

/**
 * Calls Skills: chooses an endpoint, and another one when that does not serve. Every try carries the same `command_id`,
 * by which a Skill knows a call that it has carried out already; so a call is tried again also when its answer was lost.
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
    };
    while (outcome.tries < this.settings.maxTries) {
      if (outcome.tries > 0 && !(plan.hasNext && budget.withdraw())) break;
      const route = plan.next();
      if (route === undefined) break;
      outcome.tries += 1;
      outcome.route = route;
      try {
        const { answer, bytes } = await this.attempt(call, route, plan, deadline, outcome);
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
        if (!(failure instanceof TryError)) throw failure;
        this.metrics.failedTry(failure.fault);
        outcome.sent ||= failure.sent;
        Object.assign(outcome, describeFailure(failure));
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
    const options = this.options.of(endpoint);
    const left = Math.max(1, deadline - performance.now());
    const mayRetry = plan.hasNext && outcome.tries < this.settings.maxTries;
    const forOne = options.timeoutMs ?? (mayRetry ? this.settings.tryTimeout : left);
    const body = formatBody(call, target);
    outcome.requestBytes = Buffer.byteLength(body);
    const headers = {
      traceparent: call.traceparent,
      [CALLER_HEADER]: await this.assertions.issue(call.caller.clientId, `skill:${target.skillId}`),
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
