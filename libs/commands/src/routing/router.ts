import { Injectable } from '@nestjs/common';
import { type CapableTarget, isLive, type TargetEndpoint } from '../targets/target.js';
import { choose } from './balancer.js';
import type { EndpointState } from './endpoint-state.js';
import { CallerPauses } from './caller-pauses.js';
import { EndpointStates } from './endpoint-states.js';
import type { Latencies } from './latencies.js';

/** An endpoint for a call. */
export interface Route {
  target: CapableTarget;
  endpoint: TargetEndpoint;
  weight: number;
  state: EndpointState;
  /** Of calls of the same capability. */
  latencies: Latencies;
}

/** Chooses the endpoints for the tries of one call. */
@Injectable()
export class Router {
  constructor(
    private readonly states: EndpointStates,
    private readonly pauses: CallerPauses,
  ) {}

  /** `clientId`: the caller. `sticky`: the endpoint that served this channel before; it comes first while it is available. */
  plan(targets: readonly CapableTarget[], clientId: string, sticky?: string): RoutePlan {
    const tiers = targets.flatMap((target) => {
      const routes = target.endpoints.map((endpoint) => this.toRoute(target, endpoint));
      for (const { endpoint, state } of routes) state.observe(endpoint.health !== 'unhealthy');
      const live = routes.filter(({ endpoint }) => isLive(endpoint));
      // An endpoint in `warning` may be about to die: it comes last.
      return [
        live.filter(({ endpoint }) => endpoint.health === 'healthy'),
        live.filter(({ endpoint }) => endpoint.health === 'warning'),
      ];
    });
    const [first] = tiers.flat().filter(({ endpoint }) => endpoint.endpointId === sticky);
    return new RoutePlan(first ? [[first], ...tiers] : tiers, this.pauses, clientId);
  }

  private toRoute(target: CapableTarget, endpoint: TargetEndpoint): Route {
    const { endpointId, weight } = endpoint;
    const latencies = this.states.getLatencies(endpointId, target.capability.capabilityId);
    return { target, endpoint, weight, state: this.states.get(endpointId), latencies };
  }
}

/** The endpoints that may serve one call, in tiers: a tier is used when all endpoints of the tiers before are tried or unavailable. */
export class RoutePlan {
  private readonly tried = new Set<Route>();
  private readonly routes: readonly Route[];

  constructor(
    private readonly tiers: readonly (readonly Route[])[],
    private readonly pauses: CallerPauses,
    private readonly clientId: string,
  ) {
    this.routes = tiers.flat();
  }

  /** Returns the endpoint for the next try, or undefined if none is left. */
  next(): Route | undefined {
    const route = this.chooseAvailable() ?? this.chooseInEmergency();
    if (route) this.tried.add(route);
    return route;
  }

  /** Whether an endpoint is left. */
  get hasNext(): boolean {
    return this.routes.some((route) => this.isLeft(route)) || this.chooseInEmergency() !== undefined;
  }

  /** Milliseconds until an endpoint takes calls that takes none now; undefined without endpoints. */
  get availableIn(): number | undefined {
    const isEmergency = this.isEmergency;
    const waits = this.routes.map((route) => Math.max(isEmergency ? route.state.emergencyIn : 0, this.restOf(route)));
    const known = waits.filter((ms) => ms > 0 && Number.isFinite(ms));
    if (known.length > 0) return Math.min(...known);
    return this.routes.length > 0 ? 0 : undefined;
  }

  /** Milliseconds until an endpoint may be tried that asked to be left alone for a time; undefined if none did. */
  get restsFor(): number | undefined {
    const resting = this.routes.map((route) => this.restOf(route)).filter((ms) => ms > 0);
    return resting.length > 0 ? Math.min(...resting) : undefined;
  }

  /** The endpoint asked this caller alone to come again in so many milliseconds. */
  pauseCaller({ endpoint }: Route, ms: number): void {
    this.pauses.begin(this.clientId, endpoint.endpointId, ms);
  }

  /** All endpoints may be tried again. */
  startOver(): void {
    this.tried.clear();
  }

  /** How long the other endpoints take. */
  latenciesBeside({ state }: Route): Latencies[] {
    return this.routes.filter((other) => other.state !== state).map(({ latencies }) => latencies);
  }

  /**
   * Whether other endpoints are faster than one that did not answer a call which started then (`performance.now`): another one has
   * answered a call that started later, and this one has not. `limitMs`, the `timeout_ms` of the endpoint, is not the patience of a
   * caller: then it is enough that another one usually takes less.
   */
  isSlow({ state, latencies }: Route, startedAt: number, limitMs?: number): boolean {
    if (latencies.hasAnsweredSince(startedAt)) return false;
    const others = this.routes.filter((other) => other.state !== state && !other.state.isOpen);
    return others.some(
      (other) =>
        other.latencies.hasAnsweredSince(startedAt) ||
        (limitMs !== undefined && (other.latencies.quantile(0.5) ?? Infinity) < limitMs),
    );
  }

  private chooseAvailable(): Route | undefined {
    for (const tier of this.tiers) {
      const route = choose(tier.filter((candidate) => this.isLeft(candidate)));
      if (route) return route;
    }
    return undefined;
  }

  /** With all circuits open, each endpoint gets a call from time to time: first the one that has waited longest. */
  private chooseInEmergency(): Route | undefined {
    if (!this.isEmergency) return undefined;
    const due = this.routes.filter(
      (route) =>
        !this.tried.has(route) && !route.state.isBusy && Math.max(route.state.emergencyIn, this.restOf(route)) === 0,
    );
    return due.toSorted((a, b) => a.state.openSince - b.state.openSince)[0];
  }

  private get isEmergency(): boolean {
    return this.routes.every(({ state }) => state.isOpen);
  }

  /** Milliseconds for which the endpoint asked everybody, or this caller, to leave it alone. */
  private restOf({ state, endpoint }: Route): number {
    return Math.max(state.restsFor, this.pauses.left(this.clientId, endpoint.endpointId));
  }

  private isLeft(route: Route): boolean {
    return !this.tried.has(route) && route.state.isAvailable && this.restOf(route) === 0;
  }
}
