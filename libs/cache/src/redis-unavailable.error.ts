import { UnavailableError } from '#common';

/**
 * Redis is not configured, not connected, or did not answer in time; the command may or may not have taken effect.
 * The cache handles it itself. Code that cannot work without Redis may pass it on: the caller of the API gets code 1008,
 * without details.
 */
export class RedisUnavailableError extends UnavailableError {
  constructor(
    /** For logs and health, never for a caller. */
    readonly reason: string,
    cause?: unknown,
  ) {
    super(undefined, cause);
  }
}
