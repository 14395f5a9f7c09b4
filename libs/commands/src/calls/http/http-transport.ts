import { Inject, Injectable } from '@nestjs/common';
import { readRetryAfter } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { ACCEPTED_CODINGS, OutboundClient } from '#outbound';
import { readAnswer } from '../skill-answer.js';
import type { SkillCall } from '../skill-request.js';
import type { CapableTarget } from '../../targets/target.js';
import type { Attempt, AttemptAnswer, Transport } from '../transport.js';

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
    const { authorization, ca } = options;
    const answer = await this.outbound.request({
      method: options.method,
      url: options.url,
      share: skillId,
      ca,
      headers: {
        ...headers,
        'content-type': 'application/json',
        accept: 'application/json',
        // A registry as the Skill: a try of a call that it makes already waits for the end of that call (RFC 7240).
        prefer: `wait=${Math.ceil(timeoutMs / 1000)}`,
        'accept-encoding': ACCEPTED_CODINGS,
        ...(authorization !== undefined && { authorization }),
      },
      body,
      timeoutMs,
      maxResponseBytes: this.settings.maxResponseBytes,
      signal,
    });
    const retryAfterMs = readRetryAfter(answer.headers['retry-after']);
    return { answer: readAnswer(answer.status, answer.body, options.isRaw, retryAfterMs), bytes: answer.body.length };
  }
}
