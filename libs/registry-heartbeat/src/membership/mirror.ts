import { Logger } from '@nestjs/common';
import { splitIntoSlices } from '#common';
import { concurrently } from './concurrently.js';
import type { LocalSkillsRepository, SkillSummary } from './local-skills.repository.js';
import type { MembershipMetrics } from './membership.metrics.js';
import { MirrorEntry } from './mirror-entry.js';
import { listBeats, MAX_HEARTBEATS, type MirrorBeat, MirrorHeartbeats } from './mirror-heartbeats.js';
import { MAX_BATCH, MirrorRegistrations } from './mirror-registrations.js';
import type { UpstreamClient } from './upstream-client.js';

export type LocalSkills = Pick<LocalSkillsRepository, 'page' | 'find'>;

/** Skills that are mirrored at most. Memory and the time between two heartbeats allow no more. */
const MAX_SKILLS = 100_000;
/** Skills in one query. */
const PAGE = 500;
/** Sorts before the id of every Skill. */
const FIRST = '00000000-0000-0000-0000-000000000000';
const UNREGISTER_AT_ONCE = 10;

/**
 * Mirrors the Skills of this registry to its upstream registry. Each round reads the local Skills, sends heartbeats for those
 * that have not changed, registers those that have, and unregisters those that no longer exist. The state of the upstream
 * registry is kept in memory: after a restart, or when another replica takes the lead, all are registered again.
 */
export class Mirror {
  private readonly logger = new Logger('membership');
  private readonly entries = new Map<string, MirrorEntry>();
  private readonly heartbeats: MirrorHeartbeats;
  private readonly registrations: MirrorRegistrations;
  private refusalsLogged = false;
  private limitLogged = false;

  constructor(
    private readonly client: UpstreamClient,
    private readonly skills: LocalSkills,
    metrics: MembershipMetrics,
    /** Milliseconds between two rounds. */
    private readonly interval: number,
  ) {
    this.heartbeats = new MirrorHeartbeats(client, metrics);
    this.registrations = new MirrorRegistrations(client, skills, interval);
  }

  /** Ids of the mirrored Skills in the upstream registry. */
  get upstreamIds(): string[] {
    return [...this.entries.values()].flatMap(({ upstreamId }) => upstreamId ?? []);
  }

  /** Forgets all entries. Nothing changes in the upstream registry. */
  clear(): void {
    this.entries.clear();
    this.refusalsLogged = false;
  }

  /**
   * Does one round; ends early when `isActing` returns false. Registrations stop after half of the time between two rounds,
   * and the next round continues after its heartbeats. @throws UpstreamError and errors of PostgreSQL
   */
  async sync(publicUrl: string, isActing: () => boolean): Promise<void> {
    const due = await this.scan(isActing);
    await this.unregisterGone(isActing);
    const end = performance.now() + this.interval / 2;
    for (const ids of splitIntoSlices([...due], MAX_BATCH)) {
      if (!isActing()) return;
      const beats = await this.registrations.register(ids, publicUrl, (id) => this.getEntry(id));
      await this.heartbeats.send(beats, isActing);
      if (performance.now() > end) break;
    }
    this.logRefusals();
  }

  /** Reads all Skills and sends heartbeats for those that have not changed. Returns the ids of the others. */
  private async scan(isActing: () => boolean): Promise<Set<string>> {
    const due = new Set<string>();
    let beats: MirrorBeat[] = [];
    const flush = async (): Promise<void> => {
      for (const id of await this.heartbeats.send(beats, isActing)) due.add(id);
      beats = [];
    };
    for (const entry of this.entries.values()) entry.present = false;
    for await (const skill of this.all()) {
      const entry = this.getEntry(skill.id);
      entry.present = true;
      if (entry.isDue(skill)) due.add(skill.id);
      else beats.push(...listBeats(skill, entry));
      if (beats.length >= MAX_HEARTBEATS) await flush();
    }
    await flush();
    return due;
  }

  private async *all(): AsyncGenerator<SkillSummary> {
    let after = FIRST;
    for (let read = 0; read < MAX_SKILLS; read += PAGE) {
      const page = await this.skills.page(after, PAGE);
      yield* page;
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return;
      after = last.id;
    }
    this.logLimit();
  }

  private async unregisterGone(isActing: () => boolean): Promise<void> {
    const gone = [...this.entries].filter(([, { present }]) => !present);
    await concurrently(gone, UNREGISTER_AT_ONCE, async ([id, { upstreamId }]) => {
      if (!isActing()) return;
      if (upstreamId !== undefined) await this.client.unregister(upstreamId);
      this.entries.delete(id);
    });
  }

  private getEntry(skillId: string): MirrorEntry {
    let entry = this.entries.get(skillId);
    if (!entry) this.entries.set(skillId, (entry = new MirrorEntry()));
    return entry;
  }

  /** Logs one line when the upstream registry begins to refuse Skills, and one when it accepts all again. */
  private logRefusals(): void {
    const refused = [...this.entries.values()].filter(({ isRefused }) => isRefused).length;
    if (refused > 0 && !this.refusalsLogged) {
      const { lastRefusal } = this.registrations;
      this.logger.warn(`The upstream registry refuses ${refused} Skill(s), tried again now and then; ${lastRefusal}`);
    } else if (refused === 0 && this.refusalsLogged) {
      this.logger.log('The upstream registry refuses no Skill any more');
    }
    this.refusalsLogged = refused > 0;
  }

  private logLimit(): void {
    if (!this.limitLogged)
      this.logger.warn(`Only the first ${MAX_SKILLS} Skills are registered with the upstream registry`);
    this.limitLogged = true;
  }
}
