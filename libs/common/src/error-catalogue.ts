/** One thing that is wrong with a request: where (`endpoints.0.url`), and why. */
export interface Fault {
  field: string;
  reason: string;
}

/**
 * The error codes of the REST interface (AI Bridge v0.6.0; 1009 to 1011 are additions of this service): HTTP status
 * and the level at which an answer with that code is logged.
 */
export const ERROR_CATALOGUE = {
  1001: { status: 400, title: 'Bad parameter', level: 'debug' },
  1002: { status: 401, title: 'Authentication failed', level: 'debug' },
  1003: { status: 403, title: 'Permission denied', level: 'debug' },
  1004: { status: 404, title: 'Skill does not exist', level: 'debug' },
  1005: { status: 404, title: 'Capability does not exist', level: 'debug' },
  1006: { status: 409, title: 'Skill already registered', level: 'debug' },
  1007: { status: 500, title: 'Internal error', level: 'error' },
  1008: { status: 503, title: 'Service unavailable', level: 'warn' },
  1009: { status: 429, title: 'Too many requests', level: 'debug' },
  1010: { status: 404, title: 'Not found', level: 'debug' },
  1011: { status: 412, title: 'Conflict with the present version', level: 'debug' },
  2003: { status: 503, title: 'Skill unavailable', level: 'debug' },
  2004: { status: 503, title: 'Capability unavailable', level: 'debug' },
  2006: { status: 504, title: 'The execution timed out', level: 'debug' },
} as const satisfies Record<number, { status: number; title: string; level: 'debug' | 'warn' | 'error' }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** An error that the caller may see: a stable code, a message that leaks nothing, and what is wrong in detail. */
export abstract class ApiError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string = ERROR_CATALOGUE[code].title,
    readonly details: readonly Fault[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  /** The message and every fault in one line, for an item of a batch. */
  get summary(): string {
    return [this.message, ...this.details.map(({ field, reason }) => `${field} ${reason}`)].join('; ');
  }

  /** Whole seconds after which the request may succeed, for the header `Retry-After`; undefined: nobody knows. */
  get retryAfter(): number | undefined {
    return undefined;
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
}

/** 1001: lists every fault of the request. */
export class BadParameterError extends ApiError {
  constructor(details: readonly Fault[], message?: string) {
    super(1001, message, details);
  }
}

/** 1002: no token, or an invalid one. */
export class AuthenticationError extends ApiError {
  /** The `WWW-Authenticate` header of the answer (RFC 6750 section 3). */
  readonly challenge: string;

  constructor(message?: string, tokenGiven = false) {
    super(1002, message);
    this.challenge = tokenGiven ? 'Bearer error="invalid_token"' : 'Bearer';
  }
}

/** 1003: the caller is authenticated, but lacks the permission. */
export class PermissionError extends ApiError {
  constructor(message?: string) {
    super(1003, message);
  }
}

/** 1004 */
export class SkillNotFoundError extends ApiError {
  constructor(message?: string) {
    super(1004, message);
  }
}

/** 1005 */
export class CapabilityNotFoundError extends ApiError {
  constructor() {
    super(1005);
  }
}

/** 1006: a conflict with the present state: a name is taken, or a channel has ended. */
export class ConflictError extends ApiError {
  constructor(message?: string, details?: readonly Fault[]) {
    super(1006, message, details);
  }
}

/** 1007: an internal error; the cause goes to the log, never to the caller. */
export class InternalError extends ApiError {
  constructor(cause: unknown) {
    super(1007, undefined, [], { cause });
  }
}

/** 1008: a dependency does not answer; try again later. */
export class UnavailableError extends ApiError {
  constructor(message?: string, cause?: unknown) {
    super(1008, message, [], { cause });
  }

  override get retryAfter(): number {
    return 1;
  }
}

/** 1009: the client is over a limit; `retryAfter` is the time to wait, in whole seconds. */
export class TooManyRequestsError extends ApiError {
  constructor(
    private readonly seconds: number,
    message?: string,
  ) {
    super(1009, message);
  }

  override get retryAfter(): number {
    return this.seconds;
  }
}

/** 1010: not found, for anything but Skills. */
export class NotFoundError extends ApiError {
  constructor(message?: string) {
    super(1010, message);
  }
}

/** 1011: `If-Match` does not name the present version (RFC 9110 section 13.1.1). */
export class PreconditionFailedError extends ApiError {
  constructor(message?: string) {
    super(1011, message);
  }
}

/** 2003: no endpoint of the Skill can be called. `seconds`: until one may be called again. */
export class SkillUnavailableError extends ApiError {
  constructor(
    message?: string,
    details?: readonly Fault[],
    private readonly seconds?: number,
  ) {
    super(2003, message, details);
  }

  override get retryAfter(): number | undefined {
    return this.seconds;
  }
}

/** 2004: the capability is disabled. */
export class CapabilityUnavailableError extends ApiError {
  constructor(message?: string) {
    super(2004, message);
  }
}

/** 2006: the Skill did not answer in time. */
export class ExecutionTimeoutError extends ApiError {
  constructor(message?: string, details?: readonly Fault[]) {
    super(2006, message, details);
  }
}
