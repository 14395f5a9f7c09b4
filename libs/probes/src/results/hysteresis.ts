import type { Health, ProbeResult } from '#skills';

/** The health of an endpoint between two probes. */
export interface ProbedHealth {
  health: Health;
  /** Failures in a row. */
  failures: number;
  /** Successes in a row. */
  successes: number;
}

export interface HysteresisTerms {
  /** Failures in a row until an endpoint is unhealthy. */
  failures: number;
  /** Successes in a row until it is healthy again. */
  successes: number;
}

/**
 * Returns the health after one more probe. One failure means `warning`, several in a row `unhealthy`, and it takes several
 * successes in a row to become `healthy` again. An invalid answer means `warning` at once; an unhealthy endpoint comes up to
 * `warning` after several of them, because something answers there.
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
