import { CLIENT_CLOSED_REQUEST, readErrorCode, isSentWhole, memoize, PROBE_ROUTES } from '#common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jsonMembers } from './flat-line.js';
import type { PinoLogger } from './pino-logger.js';
import { redactStart, redactText } from './redaction.js';
import { REQUEST_MESSAGE, visible } from './terminal.js';

const MAX_PATH = 2048;
const MAX_USER_AGENT = 256;

const ACTOR = Symbol('actor');
const LOGGED = Symbol('logged');
type Logged = FastifyRequest & { [ACTOR]?: string; [LOGGED]?: true };

/** Sets the client of a request for the access log. Authentication calls it. */
export function setRequestActor(request: FastifyRequest, id: string): void {
  (request as Logged)[ACTOR] = id;
}

export function getRequestActor(request: FastifyRequest): string | undefined {
  return (request as Logged)[ACTOR];
}

/** Writes the line of a request; further calls for the same one write nothing. */
export function logAccess(
  logger: PinoLogger,
  request: FastifyRequest,
  reply: FastifyReply,
  errorCode: number | undefined = readErrorCode(request),
): void {
  const logged = request as Logged;
  if (logged[LOGGED]) return;
  logged[LOGGED] = true;
  const route = request.routeOptions.url;
  const aborted = !isSentWhole(request.raw, reply.raw);
  const status = aborted && !reply.raw.headersSent ? CLIENT_CLOSED_REQUEST : reply.statusCode;
  const level = route !== undefined && PROBE_ROUTES.has(route) && status < 400 ? 'debug' : 'info';
  if (!logger.isLevelEnabled(level)) return;
  writeAccess(logger, level, {
    method: request.method,
    url: request.originalUrl,
    route: route ?? 'unmatched',
    status,
    durationMs: reply.elapsedTime,
    bytes: aborted ? undefined : readLength(request, reply),
    client: getRequestActor(request),
    address: request.ip,
    userAgent: request.headers['user-agent'],
    traceId: request.id,
    errorCode,
    aborted,
  });
}

/** The fields of a request. */
export interface Access {
  method: string;
  url: string;
  /** The same, where it is known to be a path without a secret. */
  path?: string | undefined;
  /** The template of the route. */
  route: string;
  status: number;
  durationMs: number;
  /** Size of the body of the answer. */
  bytes: number | undefined;
  client: string | undefined;
  address: string | undefined;
  userAgent: string | undefined;
  traceId: string;
  errorCode?: number | undefined;
  aborted?: boolean;
}

/** Writes the line of a request that no hook has seen. */
export function writeAccess(logger: PinoLogger, level: 'debug' | 'info', access: Access): void {
  const { method, url, path, route, status, durationMs } = access;
  const { bytes, client, address, userAgent, traceId, errorCode } = access;
  const pathMember = path === undefined ? paths(url) : `,"path":${JSON.stringify(path)}`;
  let members =
    methods(method) + pathMember + routes(route) + `,"status":${status},"duration_ms":${rounded(durationMs)}`;
  if (bytes !== undefined) members += `,"bytes":${bytes}`;
  if (client) members += clients(client);
  if (address) members += addresses(address);
  if (userAgent) members += userAgents(userAgent);
  members += `,"trace_id":"${traceId}"`;
  if (errorCode !== undefined) members += `,"error_code":${errorCode}`;
  if (access.aborted === true) members += ',"aborted":true';
  logger.recordFlat(level, members, REQUEST_MESSAGE);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

// Few different values come, and searching them for secrets takes longer than the rest of a line.
const methods = jsonMember('method', (text) => text);
/** Without the query string: tokens and personal data travel there. */
const paths = jsonMember('path', (url) => clip(url.split(/[?#]/, 1)[0] ?? '', MAX_PATH));
const routes = jsonMember('route', (text) => text);
const clients = jsonMember('client', redactText);
const addresses = jsonMember('remote_address', (text) => text);
const userAgents = jsonMember('user_agent', (text) => clip(text, MAX_USER_AGENT));

function jsonMember(name: string, toText: (text: string) => string): (text: string) => string {
  return memoize((text) => jsonMembers({ [name]: toText(text) }));
}

function clip(text: string, length: number): string {
  return visible(redactStart(text, length));
}

/** Bytes of the body as sent; unknown for a stream, which says no length. */
function readLength(request: FastifyRequest, reply: FastifyReply): number | undefined {
  if (request.method === 'HEAD' || reply.statusCode === 204 || reply.statusCode === 304) return 0;
  const length = Number(reply.getHeader('content-length') ?? Number.NaN);
  return Number.isFinite(length) ? length : undefined;
}
