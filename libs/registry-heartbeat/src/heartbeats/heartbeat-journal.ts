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
/** What a beat may take to reach PostgreSQL: a third of an interval, and no longer than this. */
const LONGEST_WAY_MS = 5_000;
/** Of that time: what beats gather in, and what their chunks are spread over. */
const GATHERING = 0.6;
const WRITING = 0.4;
/** What may wait; more than this can only be while PostgreSQL is away, and the next heartbeat says it again. */
const MAX_WAITING = 200_000;

/**
 * Write-behind: heartbeats cost no write of their own. The last one of each endpoint waits here and reaches PostgreSQL in
 * batches, a third of an interval later at most (5 s for long intervals), and at shutdown. The batches come one by one with
 * pauses between them: all at once they would keep PostgreSQL from answering others for a while, every few seconds.
 *
 * PostgreSQL's `last_heartbeat` is the second witness of life: the sweeper ends no lease of an endpoint that PostgreSQL
 * has heard of within two intervals, whatever the lease store says.
 */
@Injectable()
export class HeartbeatJournal extends PeriodicService {
  private endpoints = new Map<string, EndpointEntry>();
  private skills = new Map<string, SkillEntry>();
  private readonly wayMs: number;
  private readonly hurry = new AbortController();

  constructor(
    private readonly repository: JournalRepository,
    private readonly reports: HealthReports,
    private readonly opener: LeaseOpener,
    scheduler: SchedulerRegistry,
    private readonly terms: LeaseTerms,
    metrics: MetricsService,
  ) {
    const wayMs = Math.min(LONGEST_WAY_MS, terms.interval / 3);
    super(scheduler, {
      name: 'heartbeat-journal',
      everyMs: GATHERING * wayMs,
      context: 'heartbeats',
      subject: 'Writing heartbeats',
    });
    this.wayMs = wayMs;
    metrics.gauge({
      name: 'registry_journal_entries',
      help: 'Heartbeats that wait to be written.',
      collect: (gauge) => {
        gauge.set(this.endpoints.size);
      },
    });
  }

  /** Requests have ended by now: what is written here is all there is. */
  override async beforeApplicationShutdown(): Promise<void> {
    this.hurry.abort();
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
      // One that beats more often than it is written keeps its entry: there may be many of them, and many beats of each.
      const entry = known ?? { endpointId, skillId, health, actor, at };
      entry.health = health;
      entry.actor = actor;
      entry.at = at;
      if (url !== undefined && measured) entry.metrics = { ...entry.metrics, ...metrics };
      if (!known) this.endpoints.set(endpointId, entry);
    }
    // Of all endpoints together: said of the Skill, not of each.
    if (url === undefined && measured && (this.skills.has(skillId) || !isFull(this.skills))) {
      this.skills.set(skillId, { skillId, metrics: { ...this.skills.get(skillId)?.metrics, ...metrics } });
    }
  }

  /** Writes all that waits by now. One at a time; never rejects. */
  flush(): Promise<void> {
    return this.job.runAnew();
  }

  protected async work(): Promise<void> {
    const endpoints = chunksOf([...this.endpoints.values()]);
    const skills = [...this.skills.values()];
    this.endpoints = new Map();
    this.skills = new Map();
    const pauseMs = (WRITING * this.wayMs) / endpoints.length;
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
    await delay(ms, undefined, { signal: this.hurry.signal }).catch(() => undefined);
  }

  private async writeChunk(entries: readonly EndpointEntry[]): Promise<void> {
    const { gone, differing } = await this.repository.write(entries);
    // Removed while the lease store was out of reach.
    await this.opener.changed([...gone]);
    const now = performance.now();
    await this.reports.apply(
      entries.filter(({ endpointId, at }) => differing.has(endpointId) && now - at < this.terms.warnAfter),
    );
  }

  /** For the next attempt, behind what has come since. */
  private putBack(endpoints: readonly EndpointEntry[], skills: readonly SkillEntry[]): void {
    for (const entry of endpoints)
      if (!this.endpoints.has(entry.endpointId)) this.endpoints.set(entry.endpointId, entry);
    for (const entry of skills) if (!this.skills.has(entry.skillId)) this.skills.set(entry.skillId, entry);
  }
}

/**
 * Neighbours go into different chunks: beats often come in the order of their rows, and a page of which a few rows are
 * written at a time, not all of them, has room for the new ones and leaves the indexes alone.
 */
function chunksOf<T>(entries: readonly T[]): T[][] {
  const chunks = Array.from({ length: Math.ceil(entries.length / CHUNK) }, (): T[] => []);
  for (const [index, entry] of entries.entries()) chunks[index % chunks.length]?.push(entry);
  return chunks;
}

function isFull(waiting: ReadonlyMap<string, unknown>): boolean {
  return waiting.size >= MAX_WAITING;
}
