import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  CountBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import { CallCancelledError, TryError } from '../calls/try-error.js';

/** Of the last calls of an endpoint, half must fail, and five calls must have been made, for its circuit to open. */
const FAILING_SHARE = 0.5;
const CALLS_LOOKED_AT = 20;
const FEWEST_CALLS = 5;
/** Pauses within which a circuit must not open again that a probe has closed, for the next probe to be believed. */
const DOUBT_PAUSES = 6;
/** The share that an endpoint begins with when it comes back. */
const FIRST_SHARE = 0.1;

export interface EndpointTerms {
  /** Milliseconds that a circuit stays open until a call is let through to try it. */
  breakerPause: number;
  /** Milliseconds in which an endpoint that comes back works up to its full share; 0: at once. */
  slowStart: number;
  /** Calls at the same time. */
  maxInFlight: number;
}

/** What this replica knows of an endpoint from calling it. Each replica finds out for itself. */
export class EndpointState {
  /** Calls under way. */
  inFlight = 0;
  /** Of the smooth weighted round robin. */
  currentWeight = 0;
  private readonly breaker: CircuitBreakerPolicy;
  private openedAt = 0;
  private returnedAt = -Infinity;
  /** Whether a probe closed the circuit last, and not a call. */
  private byProbe = false;
  /** Whether calls failed as soon as a probe had let them in: until one succeeds, calls must show, and no probe can. */
  private isDoubtful = false;
  /** Whether a probe that was asked for decides whether the circuit closes. */
  private awaitsProbe = false;
  private wasDown = false;

  /** `askForProbe`: for a health check after the pause of the breaker, whose outcome goes to `probed`. */
  constructor(
    private readonly terms: EndpointTerms,
    private readonly askForProbe?: () => void,
  ) {
    this.breaker = circuitBreaker(
      handleWhen((error) => !(error instanceof CallCancelledError)),
      {
        halfOpenAfter: terms.breakerPause,
        breaker: new CountBreaker({
          threshold: FAILING_SHARE,
          size: CALLS_LOOKED_AT,
          minimumNumberOfCalls: FEWEST_CALLS,
        }),
      },
    );
    this.breaker.onBreak(() => {
      this.opened();
    });
    this.breaker.onReset(() => {
      this.returnedAt = performance.now();
      if (!this.byProbe) this.isDoubtful = false;
    });
  }

  get isOpen(): boolean {
    return this.breaker.state !== CircuitState.Closed;
  }

  /**
   * Whether a call may go there now. An open circuit lets one through after its pause, to see; where a probe was asked
   * for, only when that has not closed it within one more pause.
   */
  get isAvailable(): boolean {
    if (this.inFlight >= this.terms.maxInFlight) return false;
    if (this.breaker.state === CircuitState.Open) {
      const pauses = this.awaitsProbe ? 2 : 1;
      return performance.now() - this.openedAt >= this.terms.breakerPause * pauses;
    }
    return this.breaker.state === CircuitState.Closed;
  }

  /** What the probe found that was asked for: a healthy one closes the circuit, in place of a call that tries it. */
  async probed(isHealthy: boolean): Promise<void> {
    if (this.breaker.state !== CircuitState.Open) return;
    if (!isHealthy) {
      if (this.awaitsProbe) this.askForProbe?.();
      return;
    }
    this.byProbe = true;
    try {
      await this.breaker.execute(() => undefined);
    } catch (error) {
      this.byProbe = false;
      // It opened again meanwhile, and has asked for another probe.
      if (!isBrokenCircuitError(error)) throw error;
    }
  }

  private opened(): void {
    this.openedAt = performance.now();
    const isSoon = this.openedAt - this.returnedAt < DOUBT_PAUSES * this.terms.breakerPause;
    this.isDoubtful ||= this.byProbe && isSoon;
    this.byProbe = false;
    this.awaitsProbe = this.askForProbe !== undefined && !this.isDoubtful;
    if (this.awaitsProbe) this.askForProbe?.();
  }

  /** Takes note of whether it is up as far as leases and probes know; one that was not starts slowly. */
  observe(isUp: boolean): void {
    if (isUp && this.wasDown) this.returnedAt = performance.now();
    this.wasDown = !isUp;
  }

  /** Its weight, less while it works up to its share. */
  effectiveWeight(weight: number): number {
    const since = performance.now() - this.returnedAt;
    if (since >= this.terms.slowStart) return weight;
    return weight * Math.max(FIRST_SHARE, since / this.terms.slowStart);
  }

  /**
   * A call of it; whatever rejects counts against it, but for a call that was taken back. @throws TryError when the circuit is open
   * by now: of several calls that come after its pause, one tries the endpoint, and the others wait for what it finds.
   */
  async call<T>(work: () => Promise<T>): Promise<T> {
    this.inFlight += 1;
    try {
      return await this.breaker.execute(work);
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new TryError('unreachable', 'the endpoint is failing, and is left alone', false, undefined, {
        cause: error,
      });
    } finally {
      this.inFlight -= 1;
    }
  }
}
