import { Inject, Injectable } from '@nestjs/common';
import { type CommandsSettings, commandsSettings } from '#config';
import { MetricsService } from '#metrics';
import { ProbeRequests } from '#probes';
import { EndpointState } from './endpoint-state.js';

/** Endpoints that are remembered; those that were not asked for longest are forgotten. */
const MAX_ENDPOINTS = 20_000;
const IDLE_MS = 600_000;

/** The state of every endpoint that this replica has called lately. */
@Injectable()
export class EndpointStates {
  /** Those asked for longest ago come first. */
  private readonly states = new Map<string, EndpointState>();

  constructor(
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
    metrics: MetricsService,
    private readonly probes: ProbeRequests,
  ) {
    probes.subscribe((endpointId, result) => void this.states.get(endpointId)?.probed(result === 'healthy'));
    metrics.gauge({
      name: 'command_endpoints',
      help: 'Endpoints that this replica calls, by the state of their circuit.',
      labelNames: ['circuit'],
      collect: (gauge) => {
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

  of(endpointId: string): EndpointState {
    const state = this.states.get(endpointId) ?? this.create(endpointId);
    state.usedAt = performance.now();
    this.states.delete(endpointId);
    this.states.set(endpointId, state);
    this.forgetIdle();
    return state;
  }

  private create(endpointId: string): EndpointState {
    if (!this.probes.isOn) return new EndpointState(this.settings);
    return new EndpointState(this.settings, () => {
      this.probes.ask(endpointId, this.settings.breakerPause);
    });
  }

  private forgetIdle(): void {
    for (const [endpointId, state] of this.states) {
      const isIdle = performance.now() - state.usedAt > IDLE_MS;
      if (state.inFlight > 0 || !(isIdle || this.states.size > MAX_ENDPOINTS)) return;
      this.states.delete(endpointId);
    }
  }
}
