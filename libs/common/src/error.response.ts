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
    description: 'Every fault; empty if there are no details',
  })
  details: readonly Fault[];

  @ApiProperty({ format: 'date-time', example: '2026-01-18T00:00:00.000Z' })
  timestamp: string;

  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736', description: 'Id of this request in the logs' })
  trace_id: string;
}

const ERROR_CODES = Symbol('error codes');

/**
 * Describes the errors of a route in OpenAPI, one example per code. It can be applied more than once, also for codes that
 * share a status.
 */
export function ApiErrors(...codes: ErrorCode[]): ClassDecorator & MethodDecorator {
  return (target: object, key?: string | symbol, descriptor?: { value?: unknown }) => {
    const holder = descriptor?.value ?? target;
    const before = (Reflect.getOwnMetadata(ERROR_CODES, holder) ?? []) as ErrorCode[];
    Reflect.defineMetadata(ERROR_CODES, [...before, ...codes], holder);
    for (const [status, added] of byStatus(codes)) {
      // Swagger joins descriptions, but replaces content.
      const all = [...(byStatus(before).get(status) ?? []), ...added];
      ApiResponse({
        status,
        description: added.map((code) => `${ERROR_CATALOGUE[code].title} (${code})`).join(', '),
        content: {
          'application/json': {
            schema: { $ref: getSchemaPath(ErrorResponse) },
            examples: Object.fromEntries(all.map((code) => [String(code), { value: buildExample(code) }])),
          },
        },
      })(target, key as string, descriptor as PropertyDescriptor);
    }
    ApiExtraModels(ErrorResponse)(target, key, descriptor as PropertyDescriptor);
  };
}

function byStatus(codes: readonly ErrorCode[]): Map<number, ErrorCode[]> {
  const statuses = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CATALOGUE[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return statuses;
}

/** An answer with this code, as documents show it. */
export function buildExample(code: ErrorCode): ErrorResponse {
  return {
    code,
    message: ERROR_CATALOGUE[code].title,
    details:
      code === 1001
        ? [
            {
              field: 'version',
              reason: 'must be a semantic version of at most 32 characters, such as 1.0.0 or 1.0.0-rc.1',
            },
          ]
        : [],
    timestamp: '2026-01-18T00:00:00.000Z',
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  };
}
