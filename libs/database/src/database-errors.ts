import { type ApiError, UnavailableError } from '#common';
import { QueryFailedError } from 'typeorm';

const UNIQUE_VIOLATION = '23505';

export interface DriverError {
  code?: unknown;
  constraint?: unknown;
  message?: unknown;
}

/** Returns the error of the driver, without TypeORM's wrapper. */
export function unwrapDriverError(error: unknown): DriverError | undefined {
  const inner: unknown = error instanceof QueryFailedError ? error.driverError : error;
  return typeof inner === 'object' && inner !== null ? inner : undefined;
}

/** Returns the SQLSTATE of a failed query (PostgreSQL documentation, appendix A), or the code of a socket error. */
export function getSqlState(error: unknown): string | undefined {
  const code = unwrapDriverError(error)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Whether the unique constraint with this name refused the row. */
export function violatesUnique(error: unknown, constraint: string): boolean {
  return getSqlState(error) === UNIQUE_VIOLATION && unwrapDriverError(error)?.constraint === constraint;
}

// 08: connection exceptions; 53: insufficient resources (too many connections, disk full); 57: operator intervention
// (shutdown, a cancelled statement); 58: system errors; 25006: a primary that became a standby; 25P03: a transaction
// that was idle; 40001 and 40P01: a conflict that came again at every attempt.
const UNAVAILABLE_STATE = /^(08|53|57|58)...$|^(25006|25P03|40001|40P01)$/;
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
const DRIVER_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error|not queryable|cannot use a pool after/i;

/**
 * Returns UnavailableError (1008, status 503) if the database is unavailable or gave up, so that the caller retries. Returns
 * undefined for all other errors: they are faults of this service.
 */
export function translateDatabaseError(error: unknown): ApiError | undefined {
  const inner = unwrapDriverError(error);
  if (!inner) return undefined;
  const code = typeof inner.code === 'string' ? inner.code : '';
  const message = typeof inner.message === 'string' ? inner.message : '';
  if (UNAVAILABLE_STATE.test(code) || SOCKET_ERRORS.has(code) || DRIVER_MESSAGES.test(message)) {
    return new UnavailableError('The database does not answer; try again later', error);
  }
  return undefined;
}

/** Whether the database failed, not the query: the same query may work later. */
export function isDatabaseOutage(error: unknown): boolean {
  return translateDatabaseError(error) !== undefined;
}
