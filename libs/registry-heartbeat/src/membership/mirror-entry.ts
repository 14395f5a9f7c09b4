import { exponentialPause } from '#common';
import type { SkillSummary } from './local-skills.repository.js';
import type { MirroredSkill } from './mirrored-skill.js';

/** The longest pause between two attempts to register a Skill that the upstream registry refuses, in milliseconds. */
const LONGEST_RETRY_MS = 600_000;
const SEPARATOR = '\u0000';

/** What this service knows about one of its Skills in the upstream registry. */
export class MirrorEntry {
  /**
   * Its id upstream, which differs from the local id if the upstream registry already had this name and version. Undefined
   * if it is not registered.
   */
  upstreamId: string | undefined;
  /** Whether the last scan found the Skill. */
  present = true;
  /** True if its last request was refused as a whole because of one of its Skills: the next request has this Skill alone. */
  alone = false;
  private stamp = '';
  private fingerprint = '';
  private parts = '';
  private failures = 0;
  private retryAt = 0;

  get isRefused(): boolean {
    return this.failures > 0;
  }

  /** Whether to register it: it has changed since it was sent, was never accepted, or its next attempt is due. */
  isDue({ stamp }: SkillSummary): boolean {
    if (this.stamp !== stamp) return true;
    return (this.isRefused || this.upstreamId === undefined) && performance.now() >= this.retryAt;
  }

  /** Whether the upstream registry has it with this content. */
  isSame({ fingerprint }: MirroredSkill): boolean {
    return this.upstreamId !== undefined && this.fingerprint === fingerprint;
  }

  /** Whether the upstream registry has parts that the Skill no longer has. */
  hasLost({ parts }: MirroredSkill): boolean {
    const present = new Set(parts);
    return this.parts !== '' && this.parts.split(SEPARATOR).some((part) => !present.has(part));
  }

  /** Notes that the Skill was read again and its content has not changed. */
  unchanged(stamp: string): void {
    this.stamp = stamp;
    this.failures = 0;
  }

  registered(upstreamId: string, stamp: string, { fingerprint, parts }: MirroredSkill): void {
    Object.assign(this, { upstreamId, fingerprint, parts: parts.join(SEPARATOR), alone: false });
    this.unchanged(stamp);
  }

  /** Notes a refusal. Further attempts have growing pauses; an earlier registration stays. */
  refused(stamp: string, interval: number, alone: boolean): void {
    this.stamp = stamp;
    this.failures += 1;
    this.alone = alone;
    const pause = exponentialPause(this.failures + 1, {
      first: interval,
      longest: Math.max(LONGEST_RETRY_MS, interval),
    });
    this.retryAt = performance.now() + pause;
  }

  /** Notes that the upstream registry does not know it. It is due at once, unless it was refused before. */
  forgotten(): void {
    if (!this.isRefused) this.stamp = '';
    this.unregistered();
  }

  unregistered(): void {
    this.upstreamId = undefined;
    this.fingerprint = '';
    this.parts = '';
  }
}
