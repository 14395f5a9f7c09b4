import type { OutgoingHttpHeaders } from 'node:http';
import { type ApiError, BadParameterError, toErrorBody, InternalError, onResponseEnd } from '#common';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { logAccess } from './access-log.js';
import type { PinoLogger } from './pino-logger.js';
import { formatTraceparent, runInTrace, getTrace } from './trace-context.js';

/**
 * Installs the hooks of tracing and of the access log: the headers `traceparent` and `x-trace-id` on every answer, the
 * trace id on every line logged during a request, and one line per request. Call it on a new instance, before
 * anything else adds hooks, and give the instance `genReqId: traceIdGenerator`.
 */
export function registerRequestLogging(fastify: FastifyInstance, logger: PinoLogger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // A caller that hangs up gets no onResponse.
    onResponseEnd(request, reply, () => {
      logAccess(logger, request, reply);
    });
    // Fastify itself carries the context over to what happens when the body has arrived.
    runInTrace(getTrace(request.raw), done);
  });
  // In onSend, which also runs for answers of earlier hooks (a 503 of a closing server, "OPTIONS *").
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    setTraceHeaders(request, reply);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    logAccess(logger, request, reply);
    done();
  });
}

/**
 * Fastify's `frameworkErrors`: answers what the router itself refuses (a path that cannot be decoded, a parameter that
 * is too long), for which no hook and no filter runs, in the shape of every other error and with
 * the headers that hooks set elsewhere.
 */
export function frameworkErrors(logger: PinoLogger, headers: Readonly<OutgoingHttpHeaders> = {}) {
  return (cause: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const error = refusalOf(cause);
    if (error instanceof InternalError) logger.error(cause, 'router');
    setTraceHeaders(request, reply);
    onResponseEnd(request, reply, () => {
      logAccess(logger, request, reply, error.code);
    });
    void reply
      .status(error.status)
      .headers(headers)
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(toErrorBody(error, request)));
  };
}

function setTraceHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const trace = getTrace(request.raw);
  void reply.header('traceparent', formatTraceparent(trace)).header('x-trace-id', trace.traceId);
}

function refusalOf(cause: FastifyError): ApiError {
  switch (cause.code) {
    case 'FST_ERR_BAD_URL':
      return new BadParameterError([{ field: 'path', reason: 'is not well-formed' }]);
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new BadParameterError([{ field: 'path', reason: 'has a part that is too long' }]);
    default:
      return new InternalError(cause);
  }
}
