import { applyDecorators, type Type } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { envelopeSchema } from '#common';
import type { FastifyReply } from 'fastify';

const RESPOND_ASYNC = 'respond-async';

/** Whether `Prefer` has `respond-async` among its preferences (RFC 7240 section 4.1); those unknown count for nothing. */
export function asksForAsync(prefer: string | undefined): boolean {
  // What is quoted may hold anything, and is no preference itself. A quotation without an end goes to the end of the text:
  // to give it up, and to begin with each of its characters anew, would take quadratic time.
  const names = (prefer ?? '').replaceAll(/"(?:[^"\\]|\\.?)*(?:"|$)/g, '').split(',');
  return names.some((name) => name.split(/[;=]/)[0]?.trim().toLowerCase() === RESPOND_ASYNC);
}

/** 202: the call is under way, and can be read where `Location` says. */
export function answerAccepted(reply: FastifyReply, executionId: string, prefer: string | undefined): void {
  void reply.status(202).header('location', `/api/v1/commands/executions/${executionId}`);
  if (asksForAsync(prefer)) void reply.header('preference-applied', RESPOND_ASYNC);
}

/** Describes that in OpenAPI, on top of `ProtocolRoute`. */
export function AcceptedRoute(model: Type): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Prefer',
      required: false,
      description: '`respond-async` (RFC 7240): the call is made by the queue, and answered with 202 at once',
      schema: { type: 'string', example: RESPOND_ASYNC },
    }),
    ApiResponse({
      status: 202,
      description: 'Accepted: asked for by `callback_url` or `Prefer: respond-async`; the status is pending or running',
      headers: {
        Location: { description: 'The execution', schema: { type: 'string' } },
        'Preference-Applied': { description: '`respond-async`, where that was asked for', schema: { type: 'string' } },
      },
      schema: envelopeSchema(model),
    }),
  );
}
