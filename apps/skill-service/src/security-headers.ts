import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from '@fastify/cors';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EdgeSettings } from '#config';
import helmet from 'helmet';

/** Headers of every answer; also of those for which no hook runs. */
export type SecurityHeaders = Readonly<OutgoingHttpHeaders>;

/** Seconds: a year. */
const HSTS_MAX_AGE = 31_536_000;
/** Seconds that a browser may keep the answer to a preflight request. */
const PREFLIGHT_MAX_AGE = 600;

/**
 * Each caller gets an answer of its own, and no cache may keep it. Routes with an ETag, which can be asked about again, and public
 * documents say otherwise. Nothing is compressed, so that Accept-Encoding makes no difference.
 */
const CACHE_HEADERS = { 'cache-control': 'no-store', vary: 'Authorization, X-API-Key' } as const;

/** What pages of other origins may read beyond the headers that every page may. */
const EXPOSED_HEADERS = [
  'ETag',
  'Link',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Total-Count',
  'X-Trace-Id',
];

/**
 * Headers that tell browsers and caches what answers are for, the same for each of them: made once. The one page of this service is
 * Swagger UI, whose scripts and images are its own and whose styles are inline.
 */
export function securityHeadersOf(edge: EdgeSettings): SecurityHeaders {
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
    // A service that others serve over HTTPS leaves that promise to them.
    strictTransportSecurity: edge.isTls ? { maxAge: HSTS_MAX_AGE } : false,
    frameguard: { action: 'deny' },
    // Whether pages of other origins may read an answer is for CORS to say.
    crossOriginResourcePolicy: edge.corsOrigins.length > 0 ? { policy: 'cross-origin' } : { policy: 'same-origin' },
  });
  setHeaders(request, response, () => undefined);
  return { ...response.getHeaders(), ...CACHE_HEADERS };
}

/** On every answer that hooks see; `frameworkErrors` and `answerClientError` put them on the others. */
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
