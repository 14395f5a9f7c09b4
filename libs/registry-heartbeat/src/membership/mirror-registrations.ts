import type { LocalSkill, LocalSkillsRepository } from './local-skills.repository.js';
import type { MirrorEntry } from './mirror-entry.js';
import { beatsOf, type MirrorBeat, REQUEST_BYTES } from './mirror-heartbeats.js';
import { type MirroredSkill, mirroredSkill } from './mirrored-skill.js';
import { requestsOf } from './requests-of.js';
import type { BatchResult } from './upstream-answers.js';
import type { UpstreamClient } from './upstream-client.js';

/** Fewer Skills than the protocol allows: a registration takes longer than a heartbeat, and must end in time. */
export const MAX_BATCH = 200;

interface Outgoing {
  skill: LocalSkill;
  entry: MirrorEntry;
  mirrored: MirroredSkill;
}

/** Registers Skills of ours with the upstream registry. */
export class MirrorRegistrations {
  /** Why the last Skill was refused. */
  lastRefusal = '';

  constructor(
    private readonly client: UpstreamClient,
    private readonly skills: Pick<LocalSkillsRepository, 'find'>,
    /** Milliseconds between two heartbeats. */
    private readonly interval: number,
  ) {}

  /**
   * Registers those of up to `MAX_BATCH` Skills that differ from what is registered. Returns the heartbeats that are to
   * follow: those of Skills that are the same, and what a registration does not say.
   * @throws UpstreamError; what was not sent by then is due the next time.
   */
  async register(
    ids: readonly string[],
    publicUrl: string,
    entryOf: (skillId: string) => MirrorEntry,
  ): Promise<MirrorBeat[]> {
    const outgoing: Outgoing[] = [];
    const beats: MirrorBeat[] = [];
    for (const skill of await this.skills.find(ids)) {
      const entry = entryOf(skill.id);
      const mirrored = mirroredSkill(skill, publicUrl);
      if (entry.isSame(mirrored)) {
        entry.unchanged(skill.stamp);
        beats.push(...beatsOf(skill, entry));
      } else {
        await this.clearWay(entry, mirrored);
        outgoing.push({ skill, entry, mirrored });
      }
    }
    for (const request of requestsOf(outgoing, { items: MAX_BATCH, bytes: REQUEST_BYTES }, bytesOf)) {
      await this.send(request);
    }
    return [...beats, ...outgoing.filter(isToBeat).flatMap(({ skill, entry }) => beatsOf(skill, entry))];
  }

  /** Registering again only adds: what has lost a part, or has another name now, begins anew. */
  private async clearWay(entry: MirrorEntry, mirrored: MirroredSkill): Promise<void> {
    if (entry.upstreamId === undefined || !entry.hasLost(mirrored)) return;
    await this.client.unregister(entry.upstreamId);
    entry.unregistered();
  }

  private async send(request: readonly Outgoing[]): Promise<void> {
    const answer = await this.client.registerMany(request.map(({ mirrored }) => mirrored.body));
    for (const [index, { skill, entry, mirrored }] of request.entries()) {
      const result: BatchResult | undefined = 'results' in answer ? answer.results[index] : undefined;
      if (result?.status === 'registered') {
        entry.registered(result.skillId, skill.stamp, mirrored);
      } else {
        entry.refused(skill.stamp, this.interval, 'refused' in answer);
        this.lastRefusal = `${skill.name} ${skill.version}: ${'refused' in answer ? answer.refused : result?.message}`;
      }
    }
  }
}

function bytesOf({ entry, mirrored }: Outgoing): number {
  return entry.alone ? Infinity : Buffer.byteLength(mirrored.body);
}

/** A registration counts as a healthy heartbeat of every endpoint. */
function isToBeat({ skill, entry }: Outgoing): boolean {
  return entry.isRefused || skill.endpoints.some(({ health }) => health !== 'healthy');
}
