import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { MetricsService } from '#metrics';
import { PeriodicService } from '#scheduling';
import { LeaseTerms } from '#skills';
import { LeaseOpener } from '../leases/lease-opener.js';
import { HealthReports } from './health-reports.js';
import type { MemberMetrics, SentBeat } from './heartbeat.js';
import { type EndpointEntry, JournalRepository, type SkillEntry } from './journal.repository.js';

/** Rows in one transaction. */
const CHUNK = 500;
/** The longest time until a heartbeat is in PostgreSQL; a third of an interval if that is shorter. */
const MAX_DELAY_MS = 5_000;
/** The share of that time in which heartbeats are collected, and the share over which their chunks are spread. */
const COLLECTING = 0.6;
const WRITING = 0.4;
/** Entries in memory. Only an outage of PostgreSQL can cause more; the next heartbeat repeats what is dropped. */
const MAX_WAITING = 200_000;

/**
 * Write-behind: keeps the last heartbeat of each endpoint in memory and writes them to PostgreSQL in batches, within a third
 * of an interval (5 s at most), and at shutdown. There are pauses between the batches, because writing all of them at once
 * would delay other queries every few seconds.
 *
 * The sweeper checks `last_heartbeat` in PostgreSQL besides the lease store: a lease does not end if PostgreSQL has a
 * heartbeat of the last two intervals.
 */
@Injectable()
export class HeartbeatJournal extends PeriodicService {
  private endpoints = new Map<string, EndpointEntry>();
  private skills = new Map<string, SkillEntry>();
  private readonly maxDelayMs: number;
  private readonly shutdown = new AbortController();

  constructor(
    private readonly repository: JournalRepository,
    private readonly reports: HealthReports,
    private readonly opener: LeaseOpener,
    scheduler: SchedulerRegistry,
    private readonly terms: LeaseTerms,
    metrics: MetricsService,
  ) {
    const maxDelayMs = Math.min(MAX_DELAY_MS, terms.interval / 3);
    super(scheduler, {
      name: 'heartbeat-journal',
      everyMs: COLLECTING * maxDelayMs,
      context: 'heartbeats',
      subject: 'Writing heartbeats',
    });
    this.maxDelayMs = maxDelayMs;
    metrics.gauge({
      name: 'registry_journal_entries',
      help: 'Heartbeats that wait to be written.',
      collect: (gauge) => {
        gauge.set(this.endpoints.size);
      },
    });
  }

  /** All requests have ended by now, so this writes everything. */
  override async beforeApplicationShutdown(): Promise<void> {
    this.shutdown.abort();
    await super.beforeApplicationShutdown();
    await this.flush();
  }

  /** Notes a heartbeat that renewed these endpoints. */
  note({ skillId, url, health, actor }: SentBeat, metrics: MemberMetrics, endpointIds: readonly string[]): void {
    const at = performance.now();
    const measured = Object.values(metrics).some((value) => value !== undefined);
    for (const endpointId of endpointIds) {
      const known = this.endpoints.get(endpointId);
      if (!known && isFull(this.endpoints)) continue;
      // The entry is reused until it is written, because there may be many endpoints and many beats of each.
      const entry = known ?? { endpointId, skillId, health, actor, at };
      entry.health = health;
      entry.actor = actor;
      entry.at = at;
      if (url !== undefined && measured) entry.metrics = { ...entry.metrics, ...metrics };
      if (!known) this.endpoints.set(endpointId, entry);
    }
    // Without a url the measurements describe the Skill, not each endpoint.
    if (url === undefined && measured && (this.skills.has(skillId) || !isFull(this.skills))) {
      this.skills.set(skillId, { skillId, metrics: { ...this.skills.get(skillId)?.metrics, ...metrics } });
    }
  }

  /** Writes all entries up to now. Never rejects. */
  flush(): Promise<void> {
    return this.job.runAnew();
  }

  protected async work(): Promise<void> {
    const endpoints = splitIntoChunks([...this.endpoints.values()]);
    const skills = [...this.skills.values()];
    this.endpoints = new Map();
    this.skills = new Map();
    const pauseMs = (WRITING * this.maxDelayMs) / endpoints.length;
    try {
      for (let chunk = endpoints.at(-1); chunk; chunk = endpoints.at(-1)) {
        await this.writeChunk(chunk);
        endpoints.pop();
        if (endpoints.length > 0) await this.pause(pauseMs);
      }
      for (; skills.length > 0; skills.splice(0, CHUNK)) {
        await this.repository.writeSkillMetrics(skills.slice(0, CHUNK));
      }
    } catch (error) {
      this.putBack(endpoints.flat(), skills);
      throw error;
    }
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.shutdown.signal }).catch(() => undefined);
  }

  private async writeChunk(entries: readonly EndpointEntry[]): Promise<void> {
    const { gone, differing } = await this.repository.write(entries);
    // Endpoints that were removed while the lease store was unavailable.
    await this.opener.changed([...gone]);
    const now = performance.now();
    await this.reports.apply(
      entries.filter(({ endpointId, at }) => differing.has(endpointId) && now - at < this.terms.warnAfter),
    );
  }

  /** Keeps entries for the next attempt, unless a newer heartbeat has come. */
  private putBack(endpoints: readonly EndpointEntry[], skills: readonly SkillEntry[]): void {
    for (const entry of endpoints)
      if (!this.endpoints.has(entry.endpointId)) this.endpoints.set(entry.endpointId, entry);
    for (const entry of skills) if (!this.skills.has(entry.skillId)) this.skills.set(entry.skillId, entry);
  }
}

/**
 * Puts neighbours into different chunks. Heartbeats often come in the order of their rows; if one chunk updated all rows of
 * a page, the new versions would not fit on it, and PostgreSQL would have to update the indexes too.
 */
function splitIntoChunks<T>(entries: readonly T[]): T[][] {
  const chunks = Array.from({ length: Math.ceil(entries.length / CHUNK) }, (): T[] => []);
  for (const [index, entry] of entries.entries()) chunks[index % chunks.length]?.push(entry);
  return chunks;
}

function isFull(waiting: ReadonlyMap<string, unknown>): boolean {
  return waiting.size >= MAX_WAITING;
}
