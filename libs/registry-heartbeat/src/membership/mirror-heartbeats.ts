import type { SkillSummary } from './local-skills.repository.js';
import type { MembershipMetrics } from './membership.metrics.js';
import type { MirrorEntry } from './mirror-entry.js';
import { splitIntoRequests } from './split-into-requests.js';
import type { BeatItem, UpstreamClient } from './upstream-client.js';

export const MAX_HEARTBEATS = 1_000;
/** Bytes of one request; registries usually accept a megabyte. */
export const REQUEST_BYTES = 900_000;
/** Bytes of a heartbeat without its url. */
const ITEM_BYTES = 120;

/** A heartbeat to send, with the local id and the entry of its Skill. */
export type MirrorBeat = BeatItem & { id: string; entry: MirrorEntry };

/** Lists one heartbeat for each endpoint, or none if the Skill is not registered. */
export function listBeats({ id, endpoints }: SkillSummary, entry: MirrorEntry): MirrorBeat[] {
  const { upstreamId } = entry;
  if (upstreamId === undefined) return [];
  return endpoints.map(({ url, health }) => ({ skill_id: upstreamId, endpoint_url: url, health, id, entry }));
}

/** Sends the heartbeats of mirrored Skills. */
export class MirrorHeartbeats {
  constructor(
    private readonly client: UpstreamClient,
    private readonly metrics: MembershipMetrics,
  ) {}

  /**
   * Sends the heartbeats while `isActing` returns true. Returns the local ids of Skills to register again now.
   * @throws UpstreamError
   */
  async send(beats: readonly MirrorBeat[], isActing: () => boolean): Promise<Set<string>> {
    const unknown = new Set<string>();
    const limits = { items: MAX_HEARTBEATS, bytes: REQUEST_BYTES };
    for (const request of splitIntoRequests(
      beats,
      limits,
      ({ endpoint_url }) => Buffer.byteLength(endpoint_url) + ITEM_BYTES,
    )) {
      if (!isActing()) break;
      for (const { id, entry } of await this.sendRequest(request)) {
        entry.forgotten();
        if (!entry.isRefused) unknown.add(id);
      }
    }
    return unknown;
  }

  /** Returns the heartbeats that the upstream registry did not accept. */
  private async sendRequest(request: readonly MirrorBeat[]): Promise<MirrorBeat[]> {
    const items = request.map(({ skill_id, endpoint_url, health }) => ({ skill_id, endpoint_url, health }));
    const statuses = await this.client.beatMany(items).catch((error: unknown) => {
      this.metrics.count('failed', request.length);
      throw error;
    });
    for (const status of statuses) this.metrics.count(status);
    return request.filter((_, index) => statuses[index] !== 'ok');
  }
}
