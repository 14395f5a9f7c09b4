import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  handleWhen,
  type IBreaker,
  isBrokenCircuitError,
} from 'cockatiel';
import { CallCancelledError, TryError } from '../calls/try-error.js';
import { LONGEST_REST } from './caller-pauses.js';

/** The circuit opens when half of the last 20 calls failed, once there were five, or five calls in a row. */
const FAILING_SHARE = 0.5;
const CALLS_LOOKED_AT = 20;
const FEWEST_CALLS = 5;
const FAILING_IN_A_ROW = 5;
/** The part of the pause after which a call may try an endpoint all the same, if the circuits of all others are open too. */
const EMERGENCY_PART = 0.1;
/** A circuit that opens again within so many pauses after a probe closed it: the next time a call must close it. */
const DOUBT_PAUSES = 6;
/** The share of its weight that an endpoint starts with when it comes back. */
const FIRST_SHARE = 0.1;

export interface EndpointTerms {
  /** Milliseconds that a circuit stays open until one call may try the endpoint. */
  breakerPause: number;
  /** Milliseconds until an endpoint that comes back has its full weight; 0: at once. */
  slowStart: number;
  /** The most calls in flight. */
  maxInFlight: number;
}

/** The circuit breaker and the load of one endpoint. Each replica has its own. */
export class EndpointState {
  /** Calls in flight. */
  inFlight = 0;
  /** For smooth weighted round robin. */
  currentWeight = 0;
  private readonly breaker: CircuitBreakerPolicy;
  private openedAt = 0;
  private returnedAt = -Infinity;
  /** Whether a probe, not a call, closed the circuit last. */
  private byProbe = false;
  /** Whether calls failed soon after a probe had closed the circuit: then only a call can close it. */
  private isDoubtful = false;
  /** Whether a probe was requested that decides if the circuit closes. */
  private awaitsProbe = false;
  private wasDown = false;
  private restsUntil = -Infinity;

  /** `askForProbe` requests a health check after the pause; its outcome must be passed to `probed`. */
  constructor(
    private readonly terms: EndpointTerms,
    private readonly askForProbe?: () => void,
  ) {
    this.breaker = circuitBreaker(
      handleWhen((error) => (error instanceof TryError ? error.isBlamed : !(error instanceof CallCancelledError))),
      // `isAvailable` keeps calls away for longer.
      { halfOpenAfter: this.emergencyPause, breaker: new FailureCounts() },
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
   * Whether a call may use the endpoint now. An open circuit lets one call through after its pause; after twice the pause if a
   * probe was requested, which may close it before.
   */
  get isAvailable(): boolean {
    if (this.isBusy || this.restsFor > 0) return false;
    if (this.breaker.state === CircuitState.Open) {
      const pauses = this.awaitsProbe ? 2 : 1;
      return performance.now() - this.openedAt >= this.terms.breakerPause * pauses;
    }
    return this.breaker.state === CircuitState.Closed;
  }

  /** Whether it has as many calls as it may have. */
  get isBusy(): boolean {
    return this.inFlight >= this.terms.maxInFlight;
  }

  /** Milliseconds for which the endpoint asked to be left alone by everybody. */
  get restsFor(): number {
    return Math.max(0, this.restsUntil - performance.now());
  }

  /** Milliseconds until a call may use an open circuit because those of all other endpoints are open too. Infinity: one does. */
  get emergencyIn(): number {
    if (this.breaker.state !== CircuitState.Open) return Infinity;
    return Math.max(this.restsFor, this.openedAt + this.emergencyPause - performance.now(), 0);
  }

  /** Since when the circuit is open. */
  get openSince(): number {
    return this.openedAt;
  }

  private get emergencyPause(): number {
    return this.terms.breakerPause * EMERGENCY_PART;
  }

  /** Takes the outcome of a requested probe: a healthy one closes the circuit. */
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
      // It opened again meanwhile, and has requested another probe.
      if (!isBrokenCircuitError(error)) throw error;
    }
  }

  private opened(): void {
    this.openedAt = performance.now();
    const isSoon = this.openedAt - this.returnedAt < DOUBT_PAUSES * this.terms.breakerPause;
    this.isDoubtful ||= this.byProbe && isSoon;
    this.byProbe = false;
    // An emergency call has failed: the probe that was requested is still to come.
    const isRequested = this.awaitsProbe;
    this.awaitsProbe = this.askForProbe !== undefined && !this.isDoubtful;
    if (this.awaitsProbe && !isRequested) this.askForProbe?.();
  }

  /** Notes whether leases and probes say that the endpoint is up: one that comes back starts slowly. */
  observe(isUp: boolean): void {
    if (isUp && this.wasDown) this.returnedAt = performance.now();
    this.wasDown = !isUp;
  }

  /** The weight for the balancer, lower during a slow start. */
  effectiveWeight(weight: number): number {
    const since = performance.now() - this.returnedAt;
    if (since >= this.terms.slowStart) return weight;
    return weight * Math.max(FIRST_SHARE, since / this.terms.slowStart);
  }

  /**
   * Runs a call. A rejection counts as a failure, except CallCancelledError and a TryError for
   * which the endpoint is not to blame.
   * @throws TryError if the circuit is open: of several calls after its pause, one tries the endpoint, the others fail at once
   */
  async call<T>(work: () => Promise<T>): Promise<T> {
    // The breaker would let it wait for the end of the trial, which may hang.
    if (this.breaker.state === CircuitState.HalfOpen) throw circuitOpen();
    this.inFlight += 1;
    try {
      return await this.breaker.execute(work);
    } catch (error) {
      if (error instanceof TryError && error.retryAfterMs > 0 && !error.isForCaller) this.rest(error.retryAfterMs);
      throw isBrokenCircuitError(error) ? circuitOpen(error) : error;
    } finally {
      this.inFlight -= 1;
    }
  }

  private rest(ms: number): void {
    this.restsUntil = Math.max(this.restsUntil, performance.now() + Math.min(ms, LONGEST_REST));
  }
}

function circuitOpen(cause?: Error): TryError {
  return new TryError('unreachable', 'the circuit of the endpoint is open', false, undefined, { cause });
}

/** Opens a circuit for failures in a row as well as for a share of the last calls. */
class FailureCounts implements IBreaker {
  private readonly counts = [
    new ConsecutiveBreaker(FAILING_IN_A_ROW),
    new CountBreaker({ threshold: FAILING_SHARE, size: CALLS_LOOKED_AT, minimumNumberOfCalls: FEWEST_CALLS }),
  ];

  get state(): unknown {
    return this.counts.map(({ state }) => state);
  }

  success(state: CircuitState): void {
    for (const count of this.counts) count.success(state);
  }

  failure(state: CircuitState): boolean {
    return this.counts.map((count) => count.failure(state)).includes(true);
  }
}
