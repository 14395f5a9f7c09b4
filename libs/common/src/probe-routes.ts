/** Asked every few seconds by machines: their successes would bury the rest, in the log and among traces. */
export const PROBE_ROUTES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health', '/metrics']);
