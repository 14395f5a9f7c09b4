import type { LocalSkill, LocalSkillsRepository } from './local-skills.repository.js';
import type { MirrorEntry } from './mirror-entry.js';
import { listBeats, type MirrorBeat, REQUEST_BYTES } from './mirror-heartbeats.js';
import { type MirroredSkill, mirroredSkill } from './mirrored-skill.js';
import { splitIntoRequests } from './split-into-requests.js';
import type { BatchResult } from './upstream-answers.js';
import type { UpstreamClient } from './upstream-client.js';

/** Skills in one batch: fewer than the protocol allows, because the request must end within its time-out. */
export const MAX_BATCH = 200;

interface Outgoing {
  skill: LocalSkill;
  entry: MirrorEntry;
  mirrored: MirroredSkill;
}

/** Registers Skills with the upstream registry. */
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
   * Registers the Skills (up to `MAX_BATCH`) that differ from what the upstream registry has. Returns the heartbeats to send
   * next: of Skills that are the same, and of endpoints whose health a registration does not express.
   * @throws UpstreamError; Skills that were not sent are due in the next round
   */
  async register(
    ids: readonly string[],
    publicUrl: string,
    getEntry: (skillId: string) => MirrorEntry,
  ): Promise<MirrorBeat[]> {
    const outgoing: Outgoing[] = [];
    const beats: MirrorBeat[] = [];
    for (const skill of await this.skills.find(ids)) {
      const entry = getEntry(skill.id);
      const mirrored = mirroredSkill(skill, publicUrl);
      if (entry.isSame(mirrored)) {
        entry.unchanged(skill.stamp);
        beats.push(...listBeats(skill, entry));
      } else {
        await this.unregisterIfReduced(entry, mirrored);
        outgoing.push({ skill, entry, mirrored });
      }
    }
    for (const request of splitIntoRequests(outgoing, { items: MAX_BATCH, bytes: REQUEST_BYTES }, countBytes)) {
      await this.send(request);
    }
    return [...beats, ...outgoing.filter(needsHeartbeat).flatMap(({ skill, entry }) => listBeats(skill, entry))];
  }

  /** Registering again only adds, so a Skill that has lost a part or changed its name is unregistered first. */
  private async unregisterIfReduced(entry: MirrorEntry, mirrored: MirroredSkill): Promise<void> {
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

function countBytes({ entry, mirrored }: Outgoing): number {
  return entry.alone ? Infinity : Buffer.byteLength(mirrored.body);
}

/** A registration counts as a healthy heartbeat of every endpoint, so only other states need a heartbeat. */
function needsHeartbeat({ skill, entry }: Outgoing): boolean {
  return entry.isRefused || skill.endpoints.some(({ health }) => health !== 'healthy');
}
