/** `degraded`: it serves, but not as it should. */
export type IndicatorStatus = 'up' | 'degraded' | 'down';

export interface IndicatorResult {
  status: IndicatorStatus;
  /** Why it is not up, in words that anybody may read: /health needs no token. */
  reason?: string;
}

/** Something that a feature depends on, or watches over, and can say the state of. */
export interface IndicatorCheck {
  /** Unique, snake_case (`database`). */
  name: string;
  /**
   * Whether this instance can serve without it. True: `down` makes /readyz and /health answer 503, and load balancers
   * send nothing here. False: `down` is a warning in /health, no more.
   */
  readiness: boolean;
  /**
   * Shown in /health, and counts for nothing there: whatever it says, the service is as healthy as without it. What
   * watches over the thing tells the log of it. Only with `readiness: false`.
   */
  informative?: true;
  /**
   * Looks, and answers within a second: later is `down`. Throwing is `down` too, and the error goes to the log only.
   * Not called again before it has come back, unless it never does (`BoundedCheck`).
   */
  check(): Promise<IndicatorResult>;
}
