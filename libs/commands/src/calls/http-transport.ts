import { Inject, Injectable } from '@nestjs/common';
import { type CommandsSettings, commandsSettings } from '#config';
import { OutboundClient } from '#outbound';
import type { EndpointOptions } from './endpoint-options.js';
import { answerOf, type SkillAnswer } from './skill-answer.js';
import type { SkillCall } from './skill-request.js';
import type { CapableTarget } from '../targets/target.js';

/** One try at one endpoint. */
export interface Attempt {
  options: EndpointOptions;
  /** As http endpoints get it. */
  body: string;
  headers: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

/** What came of it, and how long it was. */
export interface AttemptAnswer {
  answer: SkillAnswer;
  bytes: number;
}

/** A way to an endpoint. Rejects with OutboundError or TryError. */
export interface Transport {
  send(call: SkillCall, target: CapableTarget, attempt: Attempt): Promise<AttemptAnswer>;
}

/** Calls http and https endpoints. */
@Injectable()
export class HttpTransport implements Transport {
  constructor(
    private readonly outbound: OutboundClient,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  async send(
    _call: SkillCall,
    { skillId }: CapableTarget,
    { options, body, headers, timeoutMs, signal }: Attempt,
  ): Promise<AttemptAnswer> {
    const { authorization } = options;
    const answer = await this.outbound.request({
      method: options.method,
      url: options.url,
      share: skillId,
      headers: {
        ...headers,
        'content-type': 'application/json',
        accept: 'application/json',
        ...(authorization !== undefined && { authorization }),
      },
      body,
      timeoutMs,
      maxResponseBytes: this.settings.maxResponseBytes,
      signal,
    });
    return { answer: answerOf(answer.status, answer.body), bytes: answer.body.length };
  }
}
