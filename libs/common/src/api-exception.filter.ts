import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ApiError,
  AuthenticationError,
  BadParameterError,
  ERROR_CATALOGUE,
  type ErrorCode,
  type Fault,
  InternalError,
  NotFoundError,
  UnavailableError,
} from './error-catalogue.js';
import type { ErrorResponse } from './error.response.js';
import { HttpRefusal } from './http-refusal.js';
import { maskSecrets } from './mask-secrets.js';
import { listMediaTypes } from './media-types.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route answers its errors in the shape of RFC 6749 section 5.2. */
    oauthErrors?: boolean;
  }
}

/** Turns an error of a library, such as a driver, into one of the catalogue; undefined if it does not know the error. */
export type ErrorTranslator = (error: unknown) => ApiError | undefined;

const ERROR_CODE = Symbol('error code');
type Marked = FastifyRequest & { [ERROR_CODE]?: ErrorCode };

/** The code with which a request was refused, for the metrics and the access log. */
export function readErrorCode(request: FastifyRequest): ErrorCode | undefined {
  return (request as Marked)[ERROR_CODE];
}

/** Gives every error response the same shape, with a trace id and without the cause. */
@Catch()
@Injectable()
export class ApiExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('errors');

  constructor(private readonly translators: readonly ErrorTranslator[] = []) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = this.translate(exception, request);
    (request as Marked)[ERROR_CODE] = error.code;
    this.log(error, exception);
    // The caller has gone, or the answer is being sent already.
    if (reply.sent) return;
    if (error instanceof AuthenticationError) void reply.header('www-authenticate', error.challenge);
    if (error.retryAfter !== undefined) void reply.header('retry-after', String(error.retryAfter));
    if (error instanceof HttpRefusal) void reply.headers(error.headers);
    void reply
      .status(error.status)
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(request.routeOptions.config.oauthErrors ? toOAuthBody(error, request) : toErrorBody(error, request));
  }

  private translate(exception: unknown, request: FastifyRequest): ApiError {
    if (exception instanceof ApiError) return exception;
    for (const translator of this.translators) {
      const translated = translator(exception);
      if (translated) return translated;
    }
    return fromHttpError(exception, request) ?? new InternalError(exception);
  }

  private log(error: ApiError, exception: unknown): void {
    const { level } = ERROR_CATALOGUE[error.code];
    const cause = error.cause ?? exception;
    if (level === 'error') this.logger.error(cause, cause instanceof Error ? cause.stack : undefined);
    else this.logger[level](error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message);
  }
}

/** The body of an error answer. */
export function toErrorBody(error: ApiError, request: FastifyRequest): ErrorResponse {
  return {
    code: error.code,
    message: error.message,
    details: maskedDetails(error),
    timestamp: new Date().toISOString(),
    trace_id: request.id,
  };
}

/** A field name may be a secret that a caller put in the wrong place, and responses end up in logs. */
function maskedDetails({ details }: ApiError): readonly Fault[] {
  return details.map(({ field, reason }) => ({ field: maskSecrets(field), reason: maskSecrets(reason) }));
}

/** RFC 6749 section 5.2, RFC 6750 section 3.1; those for 429, 500 and 503 are of RFC 6749 section 4.1.2.1. */
const OAUTH_ERRORS: Readonly<Record<number, string>> = {
  401: 'invalid_token',
  403: 'insufficient_scope',
  429: 'temporarily_unavailable',
  503: 'temporarily_unavailable',
};

/** Other errors than those of the parameters have the members of our error body too; OAuth clients ignore them. */
function toOAuthBody(error: ApiError, request: FastifyRequest): object {
  const faults = maskedDetails(error)
    .map(({ field, reason }) => `${field} ${reason}`)
    .join('; ');
  const isInvalid = error instanceof BadParameterError;
  const code = isInvalid ? 'invalid_request' : (OAUTH_ERRORS[error.status] ?? 'server_error');
  const oauth = { error: code, error_description: faults || error.message };
  return isInvalid ? oauth : { ...toErrorBody(error, request), ...oauth };
}

/** Errors of Nest and Fastify themselves: an unknown route, a body that cannot be read. */
function fromHttpError(exception: unknown, request: FastifyRequest): ApiError | undefined {
  const status = exception instanceof HttpException ? exception.getStatus() : statusOf(exception);
  if (status === undefined || status >= 500) return status === 503 ? new UnavailableError() : undefined;
  if (status === 404) return new NotFoundError('Route not found');
  return toBodyFault(exception, request);
}

function statusOf(exception: unknown): number | undefined {
  const status: unknown = (exception as { statusCode?: unknown } | null | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** By Fastify's error code: its messages may quote the body. Nest wraps Fastify's error. */
function toBodyFault(exception: unknown, { routeOptions }: FastifyRequest): BadParameterError {
  const { code, cause } = exception as { code?: unknown; cause?: { code?: unknown } };
  switch (code ?? cause?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return HttpRefusal.tooLarge(routeOptions.bodyLimit);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return HttpRefusal.wrongMediaType(listMediaTypes(routeOptions.config));
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new BadParameterError([{ field: 'body', reason: 'does not have the length that Content-Length says' }]);
    default:
      return new BadParameterError([{ field: 'body', reason: 'cannot be read' }]);
  }
}
