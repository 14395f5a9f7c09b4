import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { splitIntoSlices } from '#common';
import { type ProbesSettings, probesSettings } from '#config';
import { PeriodicService } from '#scheduling';
import type { ProbeResult } from '#skills';
import { ProbeClaimsRepository } from './probe-claims.repository.js';
import { probeJob } from './probe-job.js';
import { ProbeResultsRepository } from './results/probe-results.repository.js';

/** Requests at a time; further ones are ignored. */
const MAX_REQUESTS = 20_000;
const BATCH = 500;
/** Milliseconds after which a request without a result is dropped: the endpoint is gone or switched off. */
const FORGET_AFTER_MS = 60_000;

interface Request {
  /** By `performance.now()`. */
  dueAt: number;
  /** The time of the database when the probe was requested; undefined before. */
  at?: string;
}

export type ProbeListener = (endpointId: string, result: ProbeResult) => void;

/**
 * Requests probes of endpoints whose circuit opened on this replica. Any replica may make the probe; the result is read from
 * PostgreSQL, so one probe answers the requests of all replicas.
 */
@Injectable()
export class ProbeRequests extends PeriodicService {
  private readonly requests = new Map<string, Request>();
  private readonly listeners: ProbeListener[] = [];

  constructor(
    private readonly claims: ProbeClaimsRepository,
    private readonly results: ProbeResultsRepository,
    @Inject(probesSettings.KEY) private readonly settings: ProbesSettings,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, probeJob(settings, { name: 'probe-requests', subject: 'Asking for probes' }));
  }

  /** Whether probes are switched on. */
  get isOn(): boolean {
    return this.settings.interval > 0;
  }

  /** Calls `listener` with the result of each probe that was requested here. */
  subscribe(listener: ProbeListener): void {
    this.listeners.push(listener);
  }

  /** Requests a probe in so many milliseconds. A second request for the same endpoint replaces the first. */
  ask(endpointId: string, inMs: number): void {
    if (!this.isOn || (this.requests.size >= MAX_REQUESTS && !this.requests.has(endpointId))) return;
    this.requests.set(endpointId, { dueAt: performance.now() + inMs });
  }

  /** Writes due requests to PostgreSQL, and reads results. */
  protected async work(): Promise<void> {
    const now = performance.now();
    const due = [...this.requests].filter(([, { dueAt, at }]) => at === undefined && dueAt <= now);
    for (const some of splitIntoSlices(due, BATCH)) {
      const asked = await this.claims.request(some.map(([endpointId]) => endpointId));
      // Not for a request that has replaced one of these meanwhile.
      const requests = new Map(some);
      for (const { endpointId, at } of asked) {
        const request = requests.get(endpointId);
        if (request) request.at = at;
      }
    }
    const waiting = new Map([...this.requests].filter(([, { at }]) => at !== undefined));
    for (const some of splitIntoSlices([...waiting], BATCH)) {
      const answers = await this.results.findNewer(some.map(([endpointId, { at = '' }]) => ({ endpointId, at })));
      for (const { endpointId, result } of answers) {
        if (this.requests.get(endpointId) !== waiting.get(endpointId)) continue;
        this.requests.delete(endpointId);
        for (const listener of this.listeners) listener(endpointId, result);
      }
    }
    for (const [endpointId, { dueAt }] of this.requests) {
      if (now - dueAt > FORGET_AFTER_MS) this.requests.delete(endpointId);
    }
  }
}
