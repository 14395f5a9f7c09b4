import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  HttpCode,
  Injectable,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { ApiExtraModels, ApiResponse, type ApiResponseOptions, getSchemaPath } from '@nestjs/swagger';
import { map, type Observable } from 'rxjs';
import { writeJson } from './json-text.js';

type HeadersObject = NonNullable<ApiResponseOptions['headers']>;

/** The protocol style's answer (AI Bridge v0.6.0, Skill interface). */
export interface Envelope<T> {
  code: 0;
  message: 'success';
  data: T;
}

@Injectable()
class EnvelopeInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<Envelope<unknown>> {
    return next.handle().pipe(map((data: unknown) => ({ code: 0, message: 'success', data })));
  }
}

/** An answer in the protocol style, for OpenAPI. */
export function envelopeSchema(model: Type) {
  return {
    type: 'object',
    required: ['code', 'message', 'data'],
    properties: {
      code: { type: 'integer', enum: [0] },
      message: { type: 'string', enum: ['success'] },
      data: { $ref: getSchemaPath(model) },
    },
  };
}

/** The same envelope as JSON text. */
export function writeEnvelope(data: unknown): string {
  return `{"code":0,"message":"success","data":${writeJson(data)}}`;
}

/** Describes an answer in the protocol style: status 200, and its model in OpenAPI. */
export function DescribeEnvelope(model: Type, headers: HeadersObject = {}): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    ApiExtraModels(model),
    ApiResponse({
      status: 200,
      description: 'Success',
      schema: envelopeSchema(model),
      ...(Object.keys(headers).length > 0 && { headers }),
    }),
  );
}

/** A route in the protocol style: wraps what the method returns, answers 200 and describes it in OpenAPI. */
export function ProtocolRoute(model: Type): MethodDecorator {
  return applyDecorators(UseInterceptors(EnvelopeInterceptor), DescribeEnvelope(model));
}
