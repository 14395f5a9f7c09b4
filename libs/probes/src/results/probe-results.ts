import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Batcher } from '#common';
import { type ProbesSettings, probesSettings } from '#config';
import { Transactions } from '#database';
import { type ChangedEndpoint, EndpointHealthWriter, EndpointTransitions } from '#skills';
import { healthAfter } from './hysteresis.js';
import type { Probed } from '../calls/probe-caller.js';
import { type Outcome, ProbeResultsRepository } from './probe-results.repository.js';

/** The actor in the history of a Skill. */
const ACTOR = 'prober';
const MAX_BATCH = 200;
/** Milliseconds before a result is written again whose Skill was locked. */
const PAUSES_MS = [20, 100, 500];

/**
 * Writes results of probes in batches. Only a change of health locks the Skill, as heartbeats and the sweeper do. If the
 * endpoint got a lease meanwhile, the lease decides its health.
 */
@Injectable()
export class ProbeResults {
  private readonly logger = new Logger('probes');
  private readonly batcher = new Batcher<Outcome, boolean>((outcomes) => this.writeAll(outcomes), {
    maxBatch: MAX_BATCH,
    // Two batches at a time would find Skills locked by each other.
    lanes: 1,
  });

  constructor(
    private readonly repository: ProbeResultsRepository,
    private readonly transactions: Transactions,
    private readonly writer: EndpointHealthWriter,
    private readonly transitions: EndpointTransitions,
    @Inject(probesSettings.KEY) private readonly settings: ProbesSettings,
  ) {}

  /** Returns when the result is written, or ignored. Rejects in a database outage. */
  async record(probed: Probed): Promise<void> {
    const { claim, result } = probed;
    // The first probe decides alone: before it, nobody knew the health.
    const after = claim.leased
      ? { health: claim.health, failures: 0, successes: 0 }
      : healthAfter(claim, result, claim.isFirst ? { ...this.settings, successes: 1 } : this.settings);
    for (const pause of PAUSES_MS) {
      if (await this.batcher.add({ probed, after })) return;
      await delay(pause);
    }
  }

  /** Returns for each result whether it was written. */
  private async writeAll(outcomes: readonly Outcome[]): Promise<boolean[]> {
    const isQuiet = ({ probed, after }: Outcome): boolean => probed.claim.health === after.health;
    const written = await this.writeQuiet(outcomes.filter(isQuiet));
    const { written: changing, changed } = await this.writeChanges(outcomes.filter((outcome) => !isQuiet(outcome)));
    await this.transitions.changed(changed);
    const down = changed.filter(({ health }) => health === 'unhealthy').length;
    if (down > 0) this.logger.log(`${down} endpoints became unhealthy: their probes fail`);
    return outcomes.map((outcome) => [written, changing].some((ids) => ids.has(getEndpointId(outcome))));
  }

  private async writeQuiet(outcomes: readonly Outcome[]): Promise<Set<string>> {
    if (outcomes.length === 0) return new Set();
    return this.transactions.run(async (tx) => {
      const held = new Set((await this.repository.lock(tx, outcomes)).map(({ endpointId }) => endpointId));
      await this.repository.write(
        tx,
        outcomes.filter((outcome) => held.has(getEndpointId(outcome))),
      );
      return held;
    });
  }

  private async writeChanges(
    outcomes: readonly Outcome[],
  ): Promise<{ written: Set<string>; changed: ChangedEndpoint[] }> {
    if (outcomes.length === 0) return { written: new Set(), changed: [] };
    return this.transactions.run(async (tx) => {
      const busy = await this.writer.tryLock(tx, outcomes.map(getEndpointId));
      const free = outcomes.filter((outcome) => !busy.has(getEndpointId(outcome)));
      const held = await this.repository.lock(tx, free);
      const leased = new Map(held.map((row) => [row.endpointId, row.leased]));
      const ours = free.filter((outcome) => leased.has(getEndpointId(outcome)));
      const changed = await this.writer.change(
        tx,
        ours
          .filter((outcome) => leased.get(getEndpointId(outcome)) === false)
          .map(({ probed, after }) => ({ endpointId: probed.claim.endpointId, health: after.health, actor: ACTOR })),
      );
      await this.repository.write(tx, ours);
      return { written: new Set(ours.map(getEndpointId)), changed };
    });
  }
}

function getEndpointId({ probed }: Outcome): string {
  return probed.claim.endpointId;
}
