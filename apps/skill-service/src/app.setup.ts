import type { IncomingMessage, ServerOptions } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Authenticator, RefusedRequests } from '#auth';
import { ApiExceptionFilter, BODY_LIMIT, createValidationPipe, limitBodies, maskValues, writeJson } from '#common';
import type { Settings } from '#config';
import { translateDatabaseError } from '#database';
import { frameworkErrors, registerRequestLogging, type ServiceLog, traceIdGenerator } from '#logging';
import { MetricsService, registerHttpMetrics } from '#metrics';
import { settingsAgent } from '#outbound';
import { RateLimiter } from '#rate-limit';
import { HotHeartbeats } from '#registry-heartbeat';
import { HotAnswers } from '#skills';
import { ServerSpans, startTracing } from '#tracing';
import { AdminPort } from './admin-port.js';
import { AppModule } from './app.module.js';
import { setPrefix } from './app.routes.js';
import { HotLane } from './hot-lane/hot-lane.js';
import { registerBodyParsers } from './body-parsers.js';
import { answerClientErrors } from './client-errors.js';
import { limitConnections } from './connection-limit.js';
import { Draining } from './draining.js';
import { serveOpenApi } from './openapi.js';
import { parseQuery } from './parameters.js';
import { KnownRoutes } from './known-routes.js';
import { limitPipelining } from './pipelining.js';
import { decodeBodies } from './request-coding.js';
import { toOriginForm, registerRequestConformance } from './request-conformance.js';
import { registerSecurityHeaders, createSecurityHeaders } from './security-headers.js';
import { TlsCertificate } from './tls-certificate.js';
import { refuseUnread } from './unread-bodies.js';

/** Milliseconds for the headers of a request, also on a connection that never sends any. */
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Cuts off clients that send slowly. Between two requests Fastify's keepAliveTimeout holds (72 s, longer than load balancers
 * wait). A time-out of the connection itself would cut long calls.
 */
function createServerOptions(requestTimeoutMs: number): ServerOptions {
  const headersTimeout = Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs);
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout,
    connectionsCheckingInterval: headersTimeout / 2,
    // `registerRequestConformance` refuses requests without it.
    requireHostHeader: false,
  };
}

/** The logging room does not know the metrics, so its losses are counted here. */
function registerLogMetrics(metrics: MetricsService, log: ServiceLog): void {
  const count = (name: string, help: string, total: () => number): void => {
    let counted = 0;
    metrics.counter({
      name,
      help,
      collect: (counter) => {
        const now = total();
        counter.inc(now - counted);
        counted = now;
      },
    });
  };
  count(
    'log_lines_dropped_total',
    'Lines of the log that were lost, because what takes them did not.',
    () => log.droppedLines,
  );
  count(
    'log_write_failures_total',
    'Writes of the log to a file or to standard output that failed, tries again included.',
    () => log.failedWrites,
  );
}

function collectSecrets({ security, aiBridge, commands }: Settings): (string | undefined)[] {
  return [
    security.adminClientSecret,
    security.jwtSecret,
    ...security.previousJwtSecrets,
    security.callerKey,
    security.encryptionKey,
    ...security.previousEncryptionKeys,
    aiBridge.clientSecret,
    aiBridge.apiKey,
    commands.callbackSigningSecret,
  ];
}

/** Returns a function that finds the address of a client like Fastify's `request.ip`. */
function createAddressLookup(trustProxy: string[]): (request: IncomingMessage) => string | undefined {
  if (trustProxy.length === 0) return ({ socket }) => socket.remoteAddress;
  const isTrusted = proxyAddr.compile(trustProxy);
  return (request) => proxyAddr(request, isTrusted);
}

/** Creates the service, also for the e2e tests. Only ADMIN_PORT listens yet. @throws PortError */
export async function createApp(settings: Settings, log: ServiceLog): Promise<NestFastifyApplication> {
  maskValues(collectSecrets(settings));
  const tls = TlsCertificate.fromSettings(settings.edge);
  const { trustProxy } = settings.edge;
  const requestTimeout = settings.app.requestTimeout * 1000;
  const serverOptions = createServerOptions(requestTimeout);
  const securityHeaders = createSecurityHeaders(settings.edge);
  const paths = { ignoreTrailingSlash: true, maxParamLength: 512 };
  const routes = new KnownRoutes(paths);
  const clientErrorHandler = answerClientErrors(securityHeaders, routes);
  const adapter = new FastifyAdapter({
    ...(tls ? { https: { ...serverOptions, ...tls.serverOptions } } : { http: serverOptions }),
    trustProxy: trustProxy.length > 0 && trustProxy,
    genReqId: traceIdGenerator,
    rewriteUrl: toOriginForm,
    frameworkErrors: frameworkErrors(log.logger, securityHeaders),
    clientErrorHandler,
    bodyLimit: BODY_LIMIT,
    requestTimeout,
    // Draining waits for requests in flight; a connection without one must not delay the end.
    forceCloseConnections: true,
    // `Draining` answers with the usual error.
    return503OnClosing: false,
    routerOptions: { ...paths, querystringParser: parseQuery },
  });
  const tracing = await startTracing(settings.tracing, settings.app, (url) => settingsAgent(url, { keepAlive: true }));
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings, tracing), adapter, {
    logger: log.logger,
    bodyParser: false,
    abortOnError: false,
  });
  const fastify = adapter.getInstance();
  const spans = tracing && new ServerSpans(tracing.tracer);
  spans?.watch(fastify);
  registerRequestLogging(fastify, log.logger);
  const metrics = app.get(MetricsService);
  const httpMetrics = registerHttpMetrics(fastify, metrics);
  registerLogMetrics(metrics, log);
  limitConnections(fastify.server, settings.app.maxConnections, metrics);
  const admin = app.get(AdminPort);
  const adminServer = admin.createServer(fastify, { ...serverOptions, requestTimeout }, tls);
  adminServer?.on('clientError', clientErrorHandler);
  const servers = adminServer ? [fastify.server, adminServer] : [fastify.server];
  tls?.watch(servers, metrics);
  // Before all hooks that refuse: a page must be able to read a refusal, and a preflight request has no credentials.
  await registerSecurityHeaders(app, settings.edge, securityHeaders);
  registerRequestConformance(fastify, servers);
  admin.watch(fastify);
  app.get(Draining).watch(fastify);
  app.get(RateLimiter).watch(fastify);
  app.get(Authenticator).watch(fastify);
  refuseUnread(fastify, ({ raw }) => routes.listMethods(raw.url ?? '', (url) => !admin.hides(raw, url)));
  app.get(RefusedRequests).watch(fastify);
  // After all other hooks: answers from memory have passed those.
  app.get(HotAnswers).watch(fastify);
  app.get(HotHeartbeats).watch(fastify);
  new HotLane(fastify, {
    answers: app.get(HotAnswers),
    heartbeats: app.get(HotHeartbeats),
    authenticator: app.get(Authenticator),
    draining: app.get(Draining),
    limiter: app.get(RateLimiter),
    logger: log.logger,
    metrics: httpMetrics,
    spans,
    addressOf: createAddressLookup(trustProxy),
  }).open();
  decodeBodies(fastify);
  registerBodyParsers(fastify);
  // Answers can hold a `JsonText`.
  fastify.setReplySerializer(writeJson);
  limitBodies(fastify);
  routes.watch(fastify);
  setPrefix(app);
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ApiExceptionFilter([translateDatabaseError]));
  serveOpenApi(app, settings.app);
  await app.init();
  await fastify.ready();
  for (const server of servers) limitPipelining(server);
  try {
    await admin.listen();
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}
