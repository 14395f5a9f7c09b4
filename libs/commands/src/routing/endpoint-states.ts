import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type CommandsSettings, commandsSettings } from '#config';
import { MetricsService } from '#metrics';
import { ProbeRequests } from '#probes';
import { EndpointState } from './endpoint-state.js';
import { Latencies } from './latencies.js';

const MAX_ENDPOINTS = 20_000;
/** Milliseconds without a call until the state of an endpoint is forgotten: longer than the longest call. */
const IDLE_MS = 2 * 3_600_000;

/** The state of each endpoint that this replica has called lately, and its latency for each capability. */
@Injectable()
export class EndpointStates {
  private readonly states = new LRUCache<string, EndpointState>({
    max: MAX_ENDPOINTS,
    ttl: IDLE_MS,
    updateAgeOnGet: true,
  });
  private readonly latencies = new LRUCache<string, Latencies>({ max: MAX_ENDPOINTS });

  constructor(
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
    metrics: MetricsService,
    private readonly probes: ProbeRequests,
  ) {
    probes.subscribe((endpointId, result) => void this.states.peek(endpointId)?.probed(result === 'healthy'));
    metrics.gauge({
      name: 'command_endpoints',
      help: 'Endpoints that this replica calls, by the state of their circuit.',
      labelNames: ['circuit'],
      collect: (gauge) => {
        this.states.purgeStale();
        const open = [...this.states.values()].filter(({ isOpen }) => isOpen).length;
        gauge.set({ circuit: 'open' }, open);
        gauge.set({ circuit: 'closed' }, this.states.size - open);
      },
    });
    metrics.gauge({
      name: 'command_calls_in_flight',
      help: 'Calls of Skills that are under way.',
      collect: (gauge) => {
        gauge.set([...this.states.values()].reduce((sum, { inFlight }) => sum + inFlight, 0));
      },
    });
  }

  get(endpointId: string): EndpointState {
    const known = this.states.get(endpointId);
    if (known) return known;
    const state = this.create(endpointId);
    this.states.set(endpointId, state);
    return state;
  }

  /** Of the calls of a capability at an endpoint: another capability may take much longer. */
  getLatencies(endpointId: string, capabilityId: string): Latencies {
    const key = `${endpointId} ${capabilityId}`;
    const known = this.latencies.get(key);
    if (known) return known;
    const latencies = new Latencies();
    this.latencies.set(key, latencies);
    return latencies;
  }

  private create(endpointId: string): EndpointState {
    if (!this.probes.isOn) return new EndpointState(this.settings);
    return new EndpointState(this.settings, () => {
      this.probes.ask(endpointId, this.settings.breakerPause);
    });
  }
}
