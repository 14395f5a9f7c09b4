import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type CallerCheck, ForgedCallerError } from './caller-check.js';
import type { Command, Executor } from './executor.js';

const MAX_BODY_BYTES = 1_048_576;

/** Answered as an error in the form of the protocol. */
class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly details: readonly { field: string; reason: string }[] = [],
  ) {
    super(message);
  }
}

export interface SkillServerOptions {
  log?: (line: string) => void;
  checkCaller?: CallerCheck;
}

/**
 * The two routes of a Skill: calls, of callers that pass the check, and the health check (protocol.md section 6). A third one
 * takes callbacks, so that asynchronous calls can be tried; a Skill does not need it.
 */
export function createSkillServer(
  executor: Executor,
  version: string,
  { log = () => undefined, checkCaller }: SkillServerOptions = {},
): Server {
  const started = performance.now();
  const health = () => ({
    status: 'healthy',
    version,
    uptime: Math.floor((performance.now() - started) / 1000),
    timestamp: new Date().toISOString(),
  });
  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const [path] = (request.url ?? '').split('?');
    if (path === '/health' && request.method === 'GET') return health();
    if (path === '/api/v1/commands/execute' && request.method === 'POST') {
      await assertCaller(request, checkCaller);
      return { code: 0, message: 'success', data: executor.execute(commandOf(await bodyOf(request))) };
    }
    if (path === '/callbacks' && request.method === 'POST') {
      log(`callback: ${JSON.stringify(await bodyOf(request))}`);
      return {};
    }
    throw new RequestError(404, 1010, 'There is no such route');
  };
  return createServer((request, response) => {
    answer(request)
      .then((body) => {
        send(response, 200, body);
      })
      .catch((error: unknown) => {
        sendError(response, error);
      });
  });
}

/** @throws RequestError */
async function assertCaller({ headers }: IncomingMessage, checkCaller: CallerCheck | undefined): Promise<void> {
  try {
    await checkCaller?.(headers['x-ooder-caller']?.toString());
  } catch (error) {
    if (error instanceof ForgedCallerError)
      throw new RequestError(401, 1002, 'x-ooder-caller is not valid for this Skill');
    throw new RequestError(503, 1008, 'The caller cannot be checked now');
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new RequestError(413, 1001, `The body is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new RequestError(400, 1001, 'The body is not JSON');
  }
}

/** Ignores unknown fields: a registry may send more than this Skill uses. @throws RequestError with every fault */
function commandOf(body: unknown): Command {
  const { command_id, capability_id, capability, parameters = {} } = isObject(body) ? body : {};
  const faults = [];
  if (typeof command_id !== 'string' || command_id === '')
    faults.push({ field: 'command_id', reason: 'must be a text' });
  if (typeof (capability ?? capability_id) !== 'string') {
    faults.push({ field: 'capability_id', reason: 'must be the id or the name of a capability' });
  }
  if (!isObject(parameters)) faults.push({ field: 'parameters', reason: 'must be an object' });
  if (faults.length > 0) throw new RequestError(400, 1001, 'The command is not valid', faults);
  return {
    command_id: command_id as string,
    capability_id: capability_id as string | undefined,
    capability: capability as string | undefined,
    parameters: parameters as Record<string, unknown>,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  // Before the headers: if this fails, nothing has been sent yet.
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(text);
}

function sendError(response: ServerResponse, error: unknown): void {
  const known = error instanceof RequestError ? error : new RequestError(500, 1007, 'Internal error');
  const { status, code, message, details } = known;
  // The rest of the body is not read, so the connection cannot be used again.
  if (status === 413) response.setHeader('connection', 'close');
  send(response, status, { code, message, details, timestamp: new Date().toISOString() });
}
