import { Logger } from '@nestjs/common';
import { splitIntoSlices } from '#common';
import { concurrently } from './concurrently.js';
import type { LocalSkillsRepository, SkillSummary } from './local-skills.repository.js';
import type { MembershipMetrics } from './membership.metrics.js';
import { MirrorEntry } from './mirror-entry.js';
import { beatsOf, MAX_HEARTBEATS, type MirrorBeat, MirrorHeartbeats } from './mirror-heartbeats.js';
import { MAX_BATCH, MirrorRegistrations } from './mirror-registrations.js';
import type { UpstreamClient } from './upstream-client.js';

export type LocalSkills = Pick<LocalSkillsRepository, 'page' | 'find'>;

/** What the memory and the time between two heartbeats allow for. */
const MAX_SKILLS = 100_000;
/** Skills read at once. */
const PAGE = 500;
/** Before every id that a Skill has. */
const FIRST = '00000000-0000-0000-0000-000000000000';
const UNREGISTER_AT_ONCE = 10;

/**
 * The Skills of this registry in its upstream registry. Each round reads ours, sends the heartbeats of what has not
 * changed, registers what has, and unregisters what is gone. What is known of the upstream lives in memory: after a
 * restart, or when another replica takes the lead, all are registered again.
 */
export class Mirror {
  private readonly logger = new Logger('membership');
  private readonly entries = new Map<string, MirrorEntry>();
  private readonly heartbeats: MirrorHeartbeats;
  private readonly registrations: MirrorRegistrations;
  private refusalsTold = false;
  private limitTold = false;

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

  /** Ids upstream of what is registered there. */
  get upstreamIds(): string[] {
    return [...this.entries.values()].flatMap(({ upstreamId }) => upstreamId ?? []);
  }

  /** Forgets all; upstream it stays as it is. */
  clear(): void {
    this.entries.clear();
    this.refusalsTold = false;
  }

  /**
   * One round; ends early when `isActing` no longer holds. What it does not come to in half of the time between two
   * rounds is left to the next one, which begins with heartbeats again. @throws UpstreamError, and what PostgreSQL throws
   */
  async sync(publicUrl: string, isActing: () => boolean): Promise<void> {
    const due = await this.scan(isActing);
    await this.unregisterGone(isActing);
    const end = performance.now() + this.interval / 2;
    for (const ids of splitIntoSlices([...due], MAX_BATCH)) {
      if (!isActing()) return;
      const beats = await this.registrations.register(ids, publicUrl, (id) => this.entryOf(id));
      await this.heartbeats.send(beats, isActing);
      if (performance.now() > end) break;
    }
    this.tellRefusals();
  }

  /** Reads all Skills, and sends the heartbeats of those that are the same upstream. Returns the ids of the others. */
  private async scan(isActing: () => boolean): Promise<Set<string>> {
    const due = new Set<string>();
    let beats: MirrorBeat[] = [];
    const flush = async (): Promise<void> => {
      for (const id of await this.heartbeats.send(beats, isActing)) due.add(id);
      beats = [];
    };
    for (const entry of this.entries.values()) entry.present = false;
    for await (const skill of this.all()) {
      const entry = this.entryOf(skill.id);
      entry.present = true;
      if (entry.isDue(skill)) due.add(skill.id);
      else beats.push(...beatsOf(skill, entry));
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
    this.tellLimit();
  }

  private async unregisterGone(isActing: () => boolean): Promise<void> {
    const gone = [...this.entries].filter(([, { present }]) => !present);
    await concurrently(gone, UNREGISTER_AT_ONCE, async ([id, { upstreamId }]) => {
      if (!isActing()) return;
      if (upstreamId !== undefined) await this.client.unregister(upstreamId);
      this.entries.delete(id);
    });
  }

  private entryOf(skillId: string): MirrorEntry {
    let entry = this.entries.get(skillId);
    if (!entry) this.entries.set(skillId, (entry = new MirrorEntry()));
    return entry;
  }

  /** One line when the upstream registry begins to refuse Skills, and one when it takes all. */
  private tellRefusals(): void {
    const refused = [...this.entries.values()].filter(({ isRefused }) => isRefused).length;
    if (refused > 0 && !this.refusalsTold) {
      const { lastRefusal } = this.registrations;
      this.logger.warn(`The upstream registry refuses ${refused} Skill(s), tried again now and then; ${lastRefusal}`);
    } else if (refused === 0 && this.refusalsTold) {
      this.logger.log('The upstream registry refuses no Skill any more');
    }
    this.refusalsTold = refused > 0;
  }

  private tellLimit(): void {
    if (!this.limitTold) this.logger.warn(`Only ${MAX_SKILLS} Skills are registered with the upstream registry`);
    this.limitTold = true;
  }
}
