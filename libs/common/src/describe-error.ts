/**
 * The message of whatever was thrown, for logs. An `AggregateError` (a host with several addresses, none of which
 * answers) has an empty message: its parts are joined instead.
 */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeError).join(', ');
  return error instanceof Error ? error.message || error.name : String(error);
}
