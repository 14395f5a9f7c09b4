import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Where a request stands in a trace (W3C Trace Context, level 1). Ids are lower-case hexadecimal. */
export interface TraceContext {
  /** 32 digits, the same for every service that the request passes through. */
  readonly traceId: string;
  /** 16 digits, our own part of the trace. */
  readonly spanId: string;
  /** 16 digits, the caller's span; absent when the trace starts here. */
  readonly parentId?: string;
  /** Whether the trace is recorded. A trace that starts here is: the access log has a line of it. */
  readonly sampled: boolean;
}

/** What a caller says about itself in `traceparent`. */
export type RemoteSpan = Required<Omit<TraceContext, 'spanId'>>;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
const SAMPLED = 0x01;

/**
 * Reads a `traceparent` header (W3C Trace Context, section 3.2). Undefined for anything that the specification calls
 * invalid: capital letters, ids of zeros, version ff, a version 00 with more after the flags. A version yet to come is
 * read as far as version 00 goes. The header sent twice arrives joined by a comma, which is invalid too.
 */
export function parseTraceparent(header: string | readonly string[] | undefined): RemoteSpan | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId, parentId, flags, rest] = TRACEPARENT.exec(header) ?? [];
  if (version === undefined || traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** The `traceparent` that names our span: for answers, and for the calls that we make during the request. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Continues the caller's trace, or starts a new one. */
export function startSpan(caller?: RemoteSpan): TraceContext {
  if (caller) return { ...caller, spanId: randomHex(8) };
  const digits = randomHex(24);
  return { traceId: digits.slice(0, 32), spanId: digits.slice(32), sampled: true };
}

// Drawn from the system in bulk: one draw per request was a twentieth of the time of a cached read.
const randomness = Buffer.alloc(4096);
let used = randomness.length;

function randomHex(bytes: number): string {
  if (used + bytes > randomness.length) {
    randomFillSync(randomness);
    used = 0;
  }
  used += bytes;
  return randomness.toString('hex', used - bytes, used);
}

const TRACE = Symbol('trace context');
type Traced = IncomingMessage & { [TRACE]?: TraceContext };

/** The trace context of a request, created on the first call. */
export function getTrace(request: IncomingMessage): TraceContext {
  return ((request as Traced)[TRACE] ??= startSpan(parseTraceparent(request.headers.traceparent)));
}

/** Sets whether the request is recorded. Call it before anything runs in its trace; the trace id must stay. */
export function replaceTrace(request: IncomingMessage, context: TraceContext): void {
  (request as Traced)[TRACE] = context;
}

/** Fastify's `genReqId`: makes `request.id` the trace id, so that error bodies and log lines name the same thing. */
export function traceIdGenerator(request: IncomingMessage): string {
  return getTrace(request).traceId;
}

const current = new AsyncLocalStorage<TraceContext>();

/** The trace context of the request during which this is called. */
export function currentTrace(): TraceContext | undefined {
  return current.getStore();
}

/** Runs a function, and what it starts, as part of a trace: a job can give its log lines an id in this way. */
export function runInTrace<T>(context: TraceContext, run: () => T): T {
  return current.run(context, run);
}
