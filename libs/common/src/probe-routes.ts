/** Machines request these every few seconds: their successes are neither logged nor traced. */
export const PROBE_ROUTES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health', '/metrics']);
