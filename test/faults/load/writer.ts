import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, CallOptions } from '../../support/service-api.js';
import { SkillRecord, type Verdict } from '../history/skill-record.js';
import { changeOf, GONE, type Shown, stampedSkill } from '../history/stamped-skill.js';
import type { Client } from './client.js';

/** Milliseconds between two writes: the load is to find faults, not the limits of the machine. */
const PACE_MS = 40;
/** Milliseconds until a failed request is tried again. */
const AGAIN_MS = 150;
/** Changes of one Skill; every other Skill is deleted after them. */
const CHANGES = 6;

/**
 * Creates Skills, replaces each several times and deletes every other one, as a careful client does: a creation without a clear answer is
 * sent again with the same key; every change uses the ETag that was read, which is read again if the result is unknown.
 */
export class Writer {
  private isStopped = false;
  private created = 0;
  private readonly work: Promise<void>;

  constructor(
    private readonly name: string,
    private readonly client: Client,
    private readonly records: SkillRecord[],
  ) {
    this.work = this.write();
  }

  /** Resolves when the last write has its answer. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.work;
  }

  private async write(): Promise<void> {
    while (!this.isStopped) {
      this.created += 1;
      const record = new SkillRecord(`${this.name}-${this.created}`);
      this.records.push(record);
      let etag = await this.create(record);
      for (let change = 2; change <= CHANGES && etag !== undefined; change += 1) {
        await this.pause(PACE_MS);
        etag = await this.replace(record, change, etag);
      }
      if (etag !== undefined && this.created % 2 === 0) await this.delete(record, etag);
    }
  }

  /** Returns the ETag; undefined if the writer was stopped before there was an answer. */
  private async create(record: SkillRecord): Promise<string | undefined> {
    const options = { body: stampedSkill(record.name, 1), headers: { 'idempotency-key': record.name } };
    for (;;) {
      const answer = await this.client.ask<{ skill_id: string }>('skills/', options);
      const verdict = verdictOf(answer);
      if (verdict === 'acknowledged' && answer !== undefined) {
        record.id = answer.body.skill_id;
        this.note(record, 1, answer);
        return etagOf(answer) ?? this.read(record);
      }
      if (verdict === 'refused') throw new Error(`Creation refused: ${JSON.stringify(answer)}`);
      if (this.isStopped) {
        this.note(record, 1, answer);
        return undefined;
      }
      await this.pause(AGAIN_MS);
    }
  }

  private async replace(record: SkillRecord, change: number, etag: string): Promise<string | undefined> {
    return this.change(record, change, { method: 'PUT', body: stampedSkill(record.name, change) }, etag);
  }

  private async delete(record: SkillRecord, etag: string): Promise<void> {
    await this.change(record, GONE, { method: 'DELETE' }, etag);
  }

  /** Returns the next ETag; undefined if the Skill is gone, or the writer was stopped. */
  private async change(
    record: SkillRecord,
    change: number,
    options: CallOptions,
    etag: string,
  ): Promise<string | undefined> {
    const answer = await this.client.ask(`skills/${record.id}`, { ...options, headers: { 'if-match': etag } });
    this.note(record, change, answer);
    if (verdictOf(answer) === 'acknowledged')
      return change === GONE ? undefined : (etagOf(answer) ?? this.read(record));
    await this.pause(AGAIN_MS);
    return this.read(record);
  }

  /** Reads the ETag before a write. */
  private async read(record: SkillRecord): Promise<string | undefined> {
    while (!this.isStopped) {
      const answer = await this.client.ask<Shown>(`skills/${record.id}`);
      if (answer?.status === 404) return undefined;
      if (answer?.status === 200 && changeOf(answer.body) !== undefined) return etagOf(answer);
      await this.pause(AGAIN_MS);
    }
    return undefined;
  }

  private note(record: SkillRecord, change: number, answer: Answer<unknown> | undefined): void {
    const by = answer && this.client.servedBy(answer);
    record.attempts.push({ change, verdict: verdictOf(answer), by, answeredAt: performance.now() });
  }

  private async pause(ms: number): Promise<void> {
    if (!this.isStopped) await delay(ms);
  }
}

function verdictOf(answer: Answer<unknown> | undefined): Verdict {
  if (answer === undefined || answer.status >= 500) return 'unknown';
  return answer.status < 300 ? 'acknowledged' : 'refused';
}

function etagOf(answer: Answer<unknown> | undefined): string | undefined {
  return answer?.headers.etag;
}
