import type { Health, ProbeResult } from '#skills';

/** What is remembered of an endpoint from one probe to the next. */
export interface ProbedHealth {
  health: Health;
  /** In a row. */
  failures: number;
  /** In a row. */
  successes: number;
}

export interface HysteresisTerms {
  /** Failures in a row until an endpoint is unhealthy. */
  failures: number;
  /** Successes in a row until it is healthy again. */
  successes: number;
}

/**
 * The health after one more probe. One failure is a warning, several in a row are unhealthy; the way back takes several
 * successes in a row. Garbage is a warning at once, and for an endpoint that was unhealthy a sign of life: after several
 * such it is in warning.
 */
export function healthAfter(before: ProbedHealth, result: ProbeResult, terms: HysteresisTerms): ProbedHealth {
  const { health } = before;
  switch (result) {
    case 'unhealthy': {
      const failures = before.failures + 1;
      const isDown = health === 'unhealthy' || failures >= terms.failures;
      return { health: isDown ? 'unhealthy' : 'warning', failures, successes: 0 };
    }
    case 'healthy': {
      const successes = before.successes + 1;
      return { health: successes >= terms.successes ? 'healthy' : health, failures: 0, successes };
    }
    case 'warning': {
      if (health !== 'unhealthy') return { health: 'warning', failures: 0, successes: 0 };
      const successes = before.successes + 1;
      return successes >= terms.successes
        ? { health: 'warning', failures: 0, successes: 0 }
        : { health, failures: 0, successes };
    }
  }
}
