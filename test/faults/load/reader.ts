import { setTimeout as delay } from 'node:timers/promises';
import type { SkillRecord } from '../history/skill-record.js';
import { changeOf, GONE, type Shown } from '../history/stamped-skill.js';
import type { Violations } from '../history/violations.js';
import type { Client } from './client.js';

const PACE_MS = 25;
/** Largest age of an answer of a replica, with or without messages of others (ADR 0019). */
const OLDEST_MS = 25_000;
/** How many of the newest Skills are read in turn. */
const RECENT = 12;

/**
 * Reads Skills at one replica again and again. Checks that it never goes back in time, and shows its own acknowledged writes, nothing
 * half done, nothing that was refused, and nothing older than 25 s.
 */
export class Reader {
  private isStopped = false;
  private turn = 0;
  private readonly seen = new Map<SkillRecord, number>();
  private readonly work: Promise<void>;
  /** Reads that were checked. */
  checked = 0;

  constructor(
    private readonly client: Client,
    private readonly records: readonly SkillRecord[],
    private readonly violations: Violations,
  ) {
    this.work = this.read();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.work;
  }

  private async read(): Promise<void> {
    while (!this.isStopped) {
      const recent = this.records.slice(-RECENT).filter(({ id }) => id !== undefined);
      this.turn += 1;
      const record = recent[this.turn % Math.max(recent.length, 1)];
      if (record !== undefined) await this.look(record);
      await delay(PACE_MS);
    }
  }

  private async look(record: SkillRecord): Promise<void> {
    const began = performance.now();
    const answer = await this.client.ask<Shown>(`skills/${record.id}`);
    if (answer === undefined || (answer.status !== 200 && answer.status !== 404)) return;
    this.checked += 1;
    const where = `${record.name} at ${this.client.base}`;
    const change = answer.status === 404 ? GONE : changeOf(answer.body);
    if (change === undefined) {
      this.violations.add('half-done', `${where}: ${JSON.stringify(answer.body)}`);
      return;
    }
    const before = this.seen.get(record) ?? 0;
    this.seen.set(record, change);
    // At the time of the read, the write may have had no answer yet: an attempt is recorded with its answer.
    if (change < before) this.violations.add('went back', `${where}: ${change} after ${before}`);
    const own = record.acknowledged({ by: this.client.base, until: began });
    if (change < own) this.violations.add('own write not seen', `${where}: ${change} after ${own}`);
    const old = record.acknowledged({ until: began - OLDEST_MS });
    if (change < old) this.violations.add('older than 25 s', `${where}: ${change}, and ${old} was acknowledged`);
  }
}
