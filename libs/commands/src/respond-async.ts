import { applyDecorators, type Type } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { envelopeSchema } from '#common';
import type { FastifyReply } from 'fastify';

const RESPOND_ASYNC = 'respond-async';
const LONGEST_WAIT_S = 60;
/** Seconds until it is worth asking again. */
const RETRY_AFTER_S = 1;

/** Whether the header `Prefer` contains `respond-async` (RFC 7240 section 4.1). Other preferences are ignored. */
export function asksForAsync(prefer: string | undefined): boolean {
  return splitPreferences(prefer).some((preference) => preference.split(/[;=]/)[0]?.trim() === RESPOND_ASYNC);
}

/** Milliseconds that `Prefer: wait=n` asks for (RFC 7240 section 4.3; n in seconds); 0 without it. At most a minute. */
export function readWait(prefer: string | undefined): number {
  for (const preference of splitPreferences(prefer)) {
    const [, seconds] = /^\s*wait\s*=\s*(\d+)\s*(?:;|$)/.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), LONGEST_WAIT_S) * 1000;
  }
  return 0;
}

/** In lower case, without quoted strings. One without a closing quote ends with the text: backtracking would take quadratic time. */
function splitPreferences(prefer = ''): string[] {
  return prefer
    .replaceAll(/"(?:[^"\\]|\\.?)*(?:"|$)/g, '')
    .toLowerCase()
    .split(',');
}

/** Answers 202: the call goes on, `Location` names the execution to read, and `Retry-After` says when. */
export function answerAccepted(reply: FastifyReply, executionId: string, prefer: string | undefined): void {
  void reply.status(202).header('location', `/api/v1/commands/executions/${executionId}`);
  void reply.header('retry-after', String(RETRY_AFTER_S));
  if (asksForAsync(prefer)) void reply.header('preference-applied', RESPOND_ASYNC);
}

/** The OpenAPI description of a 202, in addition to `ProtocolRoute`. */
export function AcceptedRoute(model: Type): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Prefer',
      required: false,
      description:
        '`respond-async` (RFC 7240): the call goes to the queue, and the answer is 202 at once. `wait=n`: if a call with this `command_id` is under way, the answer comes at its end, or after n seconds (at most 60)',
      schema: { type: 'string' },
    }),
    ApiResponse({
      status: 202,
      description:
        'Accepted, because of `callback_url` or `Prefer: respond-async`, or the first request with this `command_id` still runs; the status is pending or running',
      headers: {
        Location: { description: 'The execution', schema: { type: 'string' } },
        'Retry-After': { description: 'Seconds until it is worth reading it', schema: { type: 'integer' } },
        'Preference-Applied': {
          description: '`respond-async`, if the request asked for it',
          schema: { type: 'string' },
        },
      },
      schema: envelopeSchema(model),
    }),
  );
}
