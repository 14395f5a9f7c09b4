import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { ExecutionResponse } from '#commands';

const header = (name: string, description: string) => ({
  name,
  in: 'header' as const,
  required: true,
  description,
  schema: { type: 'string' as const },
});

/** Calls from this service to its clients (docs/calling-skills.md). */
export const WEBHOOKS: NonNullable<OpenAPIObject['webhooks']> = {
  executionFinished: {
    post: {
      operationId: 'executionFinished',
      summary: 'An asynchronous call is finished',
      description:
        'POSTed to its `callback_url`, and again with growing pauses for CALLBACK_RETRY_FOR seconds until it is answered with 2xx.',
      tags: ['commands'],
      security: [],
      parameters: [
        header('webhook-id', 'Id of the execution, the same for every attempt'),
        header('webhook-timestamp', 'Time of the attempt, in seconds since 1970'),
        header('webhook-signature', '`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64 (Standard Webhooks)'),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: getSchemaPath(ExecutionResponse) } } },
      },
      responses: {
        '2XX': { description: 'Delivered' },
        '410': { description: 'The receiver refuses the callback: no further attempts' },
        default: { description: 'Tried again later, after Retry-After if it is set' },
      },
    },
  },
};
