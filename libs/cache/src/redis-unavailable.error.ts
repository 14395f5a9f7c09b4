import { UnavailableError } from '#common';

/**
 * Redis is not configured, not connected, or did not answer in time; the command may or may not have taken effect.
 * The cache never lets it out. Whoever cannot do without Redis may: to a caller it is code 1008, with no detail.
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
