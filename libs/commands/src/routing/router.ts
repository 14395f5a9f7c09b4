import { Injectable } from '@nestjs/common';
import { type CapableTarget, isLive, type TargetEndpoint } from '../targets/target.js';
import { choose } from './balancer.js';
import type { EndpointState } from './endpoint-state.js';
import { EndpointStates } from './endpoint-states.js';

/** An endpoint for a call. */
export interface Route {
  target: CapableTarget;
  endpoint: TargetEndpoint;
  weight: number;
  state: EndpointState;
}

/** Chooses the endpoints for the tries of one call. */
@Injectable()
export class Router {
  constructor(private readonly states: EndpointStates) {}

  /** `sticky`: the endpoint that served this channel before; it comes first while it is available. */
  plan(targets: readonly CapableTarget[], sticky?: string): RoutePlan {
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
    return new RoutePlan(first ? [[first], ...tiers] : tiers);
  }

  private toRoute(target: CapableTarget, endpoint: TargetEndpoint): Route {
    return { target, endpoint, weight: endpoint.weight, state: this.states.get(endpoint.endpointId) };
  }
}

/** The endpoints that may serve one call, in tiers: a tier is used when all endpoints of the tiers before are tried or unavailable. */
export class RoutePlan {
  private readonly tried = new Set<string>();

  constructor(private readonly tiers: readonly (readonly Route[])[]) {}

  /** Returns the endpoint for the next try, or undefined if none is left. */
  next(): Route | undefined {
    for (const tier of this.tiers) {
      const route = choose(tier.filter((candidate) => this.isLeft(candidate)));
      if (route) {
        this.tried.add(route.endpoint.endpointId);
        return route;
      }
    }
    return undefined;
  }

  /** Whether an endpoint is left. */
  get hasNext(): boolean {
    return this.tiers.some((tier) => tier.some((candidate) => this.isLeft(candidate)));
  }

  private isLeft({ endpoint, state }: Route): boolean {
    return !this.tried.has(endpoint.endpointId) && state.isAvailable;
  }
}
