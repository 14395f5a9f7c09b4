import { applyDecorators, type Type } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { envelopeSchema } from '#common';
import type { FastifyReply } from 'fastify';

const RESPOND_ASYNC = 'respond-async';

/** Whether the header `Prefer` contains `respond-async` (RFC 7240 section 4.1). Other preferences are ignored. */
export function asksForAsync(prefer: string | undefined): boolean {
  // Removes quoted strings. One without a closing quote ends with the text: backtracking would take quadratic time.
  const names = (prefer ?? '').replaceAll(/"(?:[^"\\]|\\.?)*(?:"|$)/g, '').split(',');
  return names.some((name) => name.split(/[;=]/)[0]?.trim().toLowerCase() === RESPOND_ASYNC);
}

/** Answers 202: the call goes on, and `Location` names the execution to read. */
export function answerAccepted(reply: FastifyReply, executionId: string, prefer: string | undefined): void {
  void reply.status(202).header('location', `/api/v1/commands/executions/${executionId}`);
  if (asksForAsync(prefer)) void reply.header('preference-applied', RESPOND_ASYNC);
}

/** The OpenAPI description of a 202, in addition to `ProtocolRoute`. */
export function AcceptedRoute(model: Type): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Prefer',
      required: false,
      description: '`respond-async` (RFC 7240): the call goes to the queue, and the answer is 202 at once',
      schema: { type: 'string', example: RESPOND_ASYNC },
    }),
    ApiResponse({
      status: 202,
      description: 'Accepted, because of `callback_url` or `Prefer: respond-async`; the status is pending or running',
      headers: {
        Location: { description: 'The execution', schema: { type: 'string' } },
        'Preference-Applied': {
          description: '`respond-async`, if the request asked for it',
          schema: { type: 'string' },
        },
      },
      schema: envelopeSchema(model),
    }),
  );
}
