import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERROR_CATALOGUE, type ErrorCode, type Fault } from './error-catalogue.js';

class FaultResponse implements Fault {
  @ApiProperty({ example: 'endpoints.0.url', description: 'Path of the field' })
  field: string;

  @ApiProperty({ example: 'must be a valid http, https, ws or wss URL' })
  reason: string;
}

/** The one shape of an error, in both styles (AI Bridge v0.6.0, section on errors). */
export class ErrorResponse {
  @ApiProperty({ type: 'integer', example: 1001, description: 'Error code of the protocol' })
  code: number;

  @ApiProperty({ example: 'Bad parameter' })
  message: string;

  @ApiProperty({
    type: () => FaultResponse,
    isArray: true,
    description: 'Every fault; empty where there is no more to say',
  })
  details: readonly Fault[];

  @ApiProperty({ format: 'date-time', example: '2026-01-18T00:00:00.000Z' })
  timestamp: string;

  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736', description: 'Names this request in the logs' })
  trace_id: string;
}

/** Describes the errors of a route in OpenAPI, one example per code. */
export function ApiErrors(...codes: ErrorCode[]): ClassDecorator & MethodDecorator {
  const statuses = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CATALOGUE[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  const responses = [...statuses].map(([status, group]) =>
    ApiResponse({
      status,
      description: group.map((code) => `${ERROR_CATALOGUE[code].title} (${code})`).join(', '),
      content: {
        'application/json': {
          schema: { $ref: getSchemaPath(ErrorResponse) },
          examples: Object.fromEntries(group.map((code) => [String(code), { value: exampleOf(code) }])),
        },
      },
    }),
  );
  return applyDecorators(ApiExtraModels(ErrorResponse), ...responses);
}

/** An answer with this code, as documents show it. */
export function exampleOf(code: ErrorCode): ErrorResponse {
  return {
    code,
    message: ERROR_CATALOGUE[code].title,
    details:
      code === 1001
        ? [{ field: 'version', reason: 'must be a semantic version MAJOR.MINOR.PATCH, such as 1.0.0' }]
        : [],
    timestamp: '2026-01-18T00:00:00.000Z',
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  };
}
