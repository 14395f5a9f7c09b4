import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from '@fastify/cors';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EdgeSettings } from '#config';
import helmet from 'helmet';

/** Headers of every answer, also of answers for which no hook runs. */
export type SecurityHeaders = Readonly<OutgoingHttpHeaders>;

/** Seconds: a year. */
const HSTS_MAX_AGE = 31_536_000;
/** Seconds that a browser may keep the answer to a preflight request. */
const PREFLIGHT_MAX_AGE = 600;

/**
 * Each caller gets its own answer, and no cache may keep it. Routes with an ETag and public documents overwrite this.
 * Nothing is compressed, so answers do not vary by Accept-Encoding.
 */
const CACHE_HEADERS = { 'cache-control': 'no-store', vary: 'Authorization, X-API-Key' } as const;

/** Headers that pages of other origins may read, besides those that every page may. */
const EXPOSED_HEADERS = [
  'Allow',
  'Deprecation',
  'ETag',
  'Link',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sunset',
  'WWW-Authenticate',
  'X-Total-Count',
  'X-Trace-Id',
];

/**
 * Makes the security headers, the same for each answer, once. The only page of this service is Swagger UI: its scripts and
 * images come from this service, its styles are inline.
 */
export function createSecurityHeaders(edge: EdgeSettings): SecurityHeaders {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: [`'self'`],
        scriptSrc: [`'self'`],
        styleSrc: [`'self'`, `'unsafe-inline'`],
        imgSrc: [`'self'`, 'data:'],
        objectSrc: [`'none'`],
        baseUri: [`'none'`],
        formAction: [`'self'`],
        frameAncestors: [`'none'`],
      },
    },
    // Behind a proxy with HTTPS this header is the proxy's decision.
    strictTransportSecurity: edge.isTls ? { maxAge: HSTS_MAX_AGE } : false,
    frameguard: { action: 'deny' },
    // CORS decides which pages of other origins may read an answer.
    crossOriginResourcePolicy: edge.corsOrigins.length > 0 ? { policy: 'cross-origin' } : { policy: 'same-origin' },
  });
  setHeaders(request, response, () => undefined);
  return { ...response.getHeaders(), ...CACHE_HEADERS };
}

/** Sets them on every answer that passes hooks; `frameworkErrors` and `answerClientErrors` set them on the others. */
export async function registerSecurityHeaders(
  app: NestFastifyApplication,
  edge: EdgeSettings,
  headers: SecurityHeaders,
): Promise<void> {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (_, reply, done) => {
      void reply.headers(headers);
      done();
    });
  if (edge.corsOrigins.length === 0) return;
  await app.register(cors, {
    origin: edge.corsOrigins.includes('*') ? '*' : edge.corsOrigins,
    credentials: edge.corsCredentials,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE,
    strictPreflight: false,
  });
}
