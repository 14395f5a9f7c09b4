import { errorCodeOf } from '#common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PinoLogger } from './pino-logger.js';
import { redactText } from './redaction.js';
import { visible } from './terminal.js';

const MAX_PATH = 2048;
const MAX_USER_AGENT = 256;
/** Asked every few seconds by machines; their successes would bury the rest. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health', '/metrics']);
/** What nginx logs for a caller that hung up before there was an answer; no such status is ever sent. */
const CLIENT_CLOSED_REQUEST = 499;

const ACTOR = Symbol('actor');
const LOGGED = Symbol('logged');
type Logged = FastifyRequest & { [ACTOR]?: string; [LOGGED]?: true };

/** Who the request is from, for the access log: the authentication guard calls this with the client's id. */
export function setRequestActor(request: FastifyRequest, id: string): void {
  (request as Logged)[ACTOR] = id;
}

export function requestActorOf(request: FastifyRequest): string | undefined {
  return (request as Logged)[ACTOR];
}

/** Writes the line of a request; further calls for the same one write nothing. */
export function logAccess(
  logger: PinoLogger,
  request: FastifyRequest,
  reply: FastifyReply,
  errorCode: number | undefined = errorCodeOf(request),
): void {
  const logged = request as Logged;
  if (logged[LOGGED]) return;
  logged[LOGGED] = true;
  const route = request.routeOptions.url;
  const aborted = !reply.raw.writableFinished;
  const status = aborted && !reply.raw.headersSent ? CLIENT_CLOSED_REQUEST : reply.statusCode;
  const level = route !== undefined && PROBES.has(route) && status < 400 ? 'debug' : 'info';
  if (!logger.isLevelEnabled(level)) return;
  logger.recordFlat(
    level,
    {
      method: request.method,
      path: pathOf(request),
      route: route ?? 'unmatched',
      status,
      duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
      bytes: aborted ? undefined : bytesOf(request, reply),
      client: redacted(requestActorOf(request)),
      remote_address: request.ip,
      user_agent: clip(request.headers['user-agent'], MAX_USER_AGENT),
      trace_id: request.id,
      error_code: errorCode,
      aborted: aborted || undefined,
    },
    'request',
  );
}

/** Without the query string: tokens and personal data travel there. */
function pathOf(request: FastifyRequest): string | undefined {
  return clip(request.originalUrl.split(/[?#]/, 1)[0], MAX_PATH);
}

function redacted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redactText(text);
}

function clip(text: string | undefined, length: number): string | undefined {
  return text === undefined ? undefined : visible(redactText(text.slice(0, length)));
}

/** Bytes of the body as sent; unknown for a stream, which says no length. */
function bytesOf(request: FastifyRequest, reply: FastifyReply): number | undefined {
  if (request.method === 'HEAD' || reply.statusCode === 204 || reply.statusCode === 304) return 0;
  const length = Number(reply.getHeader('content-length') ?? Number.NaN);
  return Number.isFinite(length) ? length : undefined;
}
