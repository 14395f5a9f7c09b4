import type { LocalSkill, LocalSkillsRepository } from './local-skills.repository.js';
import type { MirrorEntry } from './mirror-entry.js';
import { listBeats, type MirrorBeat, REQUEST_BYTES } from './mirror-heartbeats.js';
import { isRicher, type MirroredSkill, mirroredSkill } from './mirrored-skill.js';
import { splitIntoRequests } from './split-into-requests.js';
import type { BatchResult } from './upstream-answers.js';
import type { UpstreamClient } from './upstream-client.js';

/** Milliseconds for which an upstream registry that took a Skill only in the plain form gets all Skills so. */
const PLAIN_MS = 3_600_000;

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
  private plainUntil = -Infinity;

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

  /** `plain`: in the form that upstream registries of earlier releases take. */
  private async send(request: readonly Outgoing[], plain = performance.now() < this.plainUntil): Promise<void> {
    const answer = await this.client.registerMany(
      request.map(({ mirrored }) => (plain ? mirrored.plainBody : mirrored.body)),
    );
    const isRich = 'refused' in answer && request.some(({ mirrored }) => isRicher(mirrored));
    const refused: Outgoing[] = [];
    for (const [index, outgoing] of request.entries()) {
      const { skill, entry, mirrored } = outgoing;
      const result: BatchResult | undefined = 'results' in answer ? answer.results[index] : undefined;
      if (result?.status === 'registered') {
        entry.registered(result.skillId, skill.stamp, mirrored);
        if (plain && isRicher(mirrored)) this.plainUntil = performance.now() + PLAIN_MS;
      } else if (!plain && (isRich || isRicher(mirrored))) {
        refused.push(outgoing);
      } else {
        entry.refused(skill.stamp, this.interval, 'refused' in answer);
        this.lastRefusal = `${skill.name} ${skill.version}: ${'refused' in answer ? answer.refused : result?.message}`;
      }
    }
    if (refused.length > 0) await this.send(refused, true);
  }
}

function countBytes({ entry, mirrored }: Outgoing): number {
  return entry.alone ? Infinity : Buffer.byteLength(mirrored.body);
}

/** A registration counts as a healthy heartbeat of every endpoint, so only other states need a heartbeat. */
function needsHeartbeat({ skill, entry }: Outgoing): boolean {
  return entry.isRefused || skill.endpoints.some(({ health }) => health !== 'healthy');
}
