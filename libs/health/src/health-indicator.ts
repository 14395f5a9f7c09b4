/** `degraded`: it serves, but not as it should. */
export type IndicatorStatus = 'up' | 'degraded' | 'down';

export interface IndicatorResult {
  status: IndicatorStatus;
  /** Why it is not up. Public: /health needs no token. */
  reason?: string;
}

/** Reports the state of something that a feature depends on or watches. */
export interface IndicatorCheck {
  /** Unique, snake_case (`database`). */
  name: string;
  /**
   * Whether this instance needs it to serve. True: `down` makes /readyz and /health answer 503, and load balancers
   * send no requests here. False: `down` is only a warning in /health.
   */
  readiness: boolean;
  /**
   * Shown in /health, without effect on its status. The feature itself logs the state. Only with `readiness: false`.
   */
  informative?: true;
  /**
   * Must return within a second; later counts as `down`. Throwing is `down` too, and the error only goes to the log.
   * It is not called again before it has returned, unless it hangs (`BoundedCheck`).
   */
  check(): Promise<IndicatorResult>;
}
