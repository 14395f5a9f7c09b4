import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Authenticator } from '#auth';
import { allowLargeBodies, ApiExceptionFilter, BODY_LIMIT, createValidationPipe } from '#common';
import type { Settings } from '#config';
import { translateDatabaseError } from '#database';
import { frameworkErrors, registerRequestLogging, type ServiceLog, traceIdGenerator } from '#logging';
import { MetricsService, registerHttpMetrics } from '#metrics';
import { AppModule } from './app.module.js';
import { setPrefix } from './app.routes.js';
import { parseQuery, registerBodyParsers } from './body-parsers.js';
import { answerClientError } from './client-errors.js';
import { Draining } from './draining.js';
import { serveOpenApi } from './openapi.js';

/** Milliseconds for a request to arrive in whole; a slower sender is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The service as it runs, and as the e2e tests run it; it does not listen yet. */
export async function createApp(settings: Settings, log: ServiceLog): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    genReqId: traceIdGenerator,
    frameworkErrors: frameworkErrors(log.logger),
    clientErrorHandler: answerClientError,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Draining waits for the requests in flight before it closes; a connection that never sent one would hold that up.
    forceCloseConnections: true,
    // Draining answers in the shape of every other error.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, querystringParser: parseQuery, maxParamLength: 512 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings), adapter, {
    logger: log.logger,
    bodyParser: false,
    abortOnError: false,
  });
  const fastify = adapter.getInstance();
  registerRequestLogging(fastify, log.logger);
  registerHttpMetrics(fastify, app.get(MetricsService));
  app.get(Draining).watch(fastify);
  app.get(Authenticator).watch(fastify);
  registerBodyParsers(fastify);
  allowLargeBodies(fastify);
  setPrefix(app);
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ApiExceptionFilter([translateDatabaseError]));
  serveOpenApi(app, settings.app);
  await app.init();
  await fastify.ready();
  return app;
}
