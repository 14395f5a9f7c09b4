import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { slicesOf } from '#common';
import { type ProbesSettings, probesSettings } from '#config';
import { PeriodicService } from '#scheduling';
import type { ProbeResult } from '#skills';
import { ProbeClaimsRepository } from './probe-claims.repository.js';
import { probeJob } from './probe-job.js';
import { ProbeResultsRepository } from './results/probe-results.repository.js';

/** Requests that are waited for; more are not taken. */
const MAX_REQUESTS = 20_000;
const BATCH = 500;
/** Milliseconds after which a request without an answer is forgotten: the endpoint is gone, or switched off. */
const FORGET_AFTER_MS = 60_000;

interface Request {
  /** By `performance.now()`. */
  dueAt: number;
  /** The database's time when it was asked; undefined: not yet. */
  at?: string;
}

export type ProbeListener = (endpointId: string, result: ProbeResult) => void;

/**
 * Asks for probes of endpoints whose circuit opened here, at a time of the caller's. Whichever replica is first probes:
 * the answer is read from PostgreSQL, and one probe answers all replicas that ask.
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

  /** Whether anybody probes at all. */
  get isOn(): boolean {
    return this.settings.interval > 0;
  }

  /** Is told of every probe that was asked for here. */
  subscribe(listener: ProbeListener): void {
    this.listeners.push(listener);
  }

  /** A probe in so many milliseconds. Once more for the same endpoint takes the place of the first. */
  ask(endpointId: string, inMs: number): void {
    if (!this.isOn || (this.requests.size >= MAX_REQUESTS && !this.requests.has(endpointId))) return;
    this.requests.set(endpointId, { dueAt: performance.now() + inMs });
  }

  /** Passes on what is due, and tells of what was found. */
  protected async work(): Promise<void> {
    const now = performance.now();
    const due = [...this.requests].filter(([, { dueAt, at }]) => at === undefined && dueAt <= now);
    for (const some of slicesOf(due, BATCH)) {
      const asked = await this.claims.request(some.map(([endpointId]) => endpointId));
      // Of these, and not of one that has taken the place of one meanwhile.
      const requests = new Map(some);
      for (const { endpointId, at } of asked) {
        const request = requests.get(endpointId);
        if (request) request.at = at;
      }
    }
    const waiting = new Map([...this.requests].filter(([, { at }]) => at !== undefined));
    for (const some of slicesOf([...waiting], BATCH)) {
      const answers = await this.results.answers(some.map(([endpointId, { at = '' }]) => ({ endpointId, at })));
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
