import { Injectable } from '@nestjs/common';
import { type CapableTarget, isLive, type TargetEndpoint } from '../targets/target.js';
import { choose } from './balancer.js';
import type { EndpointState } from './endpoint-state.js';
import { EndpointStates } from './endpoint-states.js';

/** Where a call goes. */
export interface Route {
  target: CapableTarget;
  endpoint: TargetEndpoint;
  weight: number;
  state: EndpointState;
}

/** Chooses the endpoints of one call, one try after the other. */
@Injectable()
export class Router {
  constructor(private readonly states: EndpointStates) {}

  /** `sticky`: the endpoint that has served this channel before, which goes first while it can. */
  plan(targets: readonly CapableTarget[], sticky?: string): RoutePlan {
    const tiers = targets.flatMap((target) => {
      const routes = target.endpoints.map((endpoint) => this.routeOf(target, endpoint));
      for (const { endpoint, state } of routes) state.observe(endpoint.health !== 'unhealthy');
      const live = routes.filter(({ endpoint }) => isLive(endpoint));
      // One in warning may be dying: it serves when no other can.
      return [
        live.filter(({ endpoint }) => endpoint.health === 'healthy'),
        live.filter(({ endpoint }) => endpoint.health === 'warning'),
      ];
    });
    const [first] = tiers.flat().filter(({ endpoint }) => endpoint.endpointId === sticky);
    return new RoutePlan(first ? [[first], ...tiers] : tiers);
  }

  private routeOf(target: CapableTarget, endpoint: TargetEndpoint): Route {
    return { target, endpoint, weight: endpoint.weight, state: this.states.get(endpoint.endpointId) };
  }
}

/** The endpoints that may serve one call, in tiers: one comes after all before it were tried or cannot be had. */
export class RoutePlan {
  private readonly tried = new Set<string>();

  constructor(private readonly tiers: readonly (readonly Route[])[]) {}

  /** The endpoint of the next try; undefined when none is left. */
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

  /** Whether there would be another try. */
  get hasNext(): boolean {
    return this.tiers.some((tier) => tier.some((candidate) => this.isLeft(candidate)));
  }

  private isLeft({ endpoint, state }: Route): boolean {
    return !this.tried.has(endpoint.endpointId) && state.isAvailable;
  }
}
