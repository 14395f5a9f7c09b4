import type { SkillSummary } from './local-skills.repository.js';
import type { MembershipMetrics } from './membership.metrics.js';
import type { MirrorEntry } from './mirror-entry.js';
import { requestsOf } from './requests-of.js';
import type { BeatItem, UpstreamClient } from './upstream-client.js';

export const MAX_HEARTBEATS = 1_000;
/** Of one request, in bytes; registries usually take a megabyte. */
export const REQUEST_BYTES = 900_000;
/** Of a heartbeat beside its url. */
const ITEM_BYTES = 120;

/** A heartbeat that is to be sent, and of which Skill of ours it is. */
export type MirrorBeat = BeatItem & { id: string; entry: MirrorEntry };

/** One for each endpoint; none while the Skill is not registered. */
export function beatsOf({ id, endpoints }: SkillSummary, entry: MirrorEntry): MirrorBeat[] {
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
   * While `isActing` holds. Returns the Skills of ours that have to be registered again, now.
   * @throws UpstreamError
   */
  async send(beats: readonly MirrorBeat[], isActing: () => boolean): Promise<Set<string>> {
    const unknown = new Set<string>();
    const limits = { items: MAX_HEARTBEATS, bytes: REQUEST_BYTES };
    for (const request of requestsOf(
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

  /** Returns those that the upstream registry did not take. */
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
