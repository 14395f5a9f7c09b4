import { exponentialPause } from '#common';
import type { SkillSummary } from './local-skills.repository.js';
import type { MirroredSkill } from './mirrored-skill.js';

/** Between two attempts to register a Skill that the upstream registry refuses, in milliseconds. */
const LONGEST_RETRY_MS = 600_000;
const SEPARATOR = '\u0000';

/** What the upstream registry has of one Skill of ours, as far as we know. */
export class MirrorEntry {
  /** Its id upstream; another than ours where it knew name and version before. Undefined: it is not registered. */
  upstreamId: string | undefined;
  /** Whether it was among our Skills when they were read last. */
  present = true;
  /** Refused together with others, for what one of them holds: sent by itself the next time. */
  alone = false;
  private stamp = '';
  private fingerprint = '';
  private parts = '';
  private failures = 0;
  private retryAt = 0;

  get isRefused(): boolean {
    return this.failures > 0;
  }

  /** Whether it has changed since it was last sent, was never taken, or is to be tried again. */
  isDue({ stamp }: SkillSummary): boolean {
    if (this.stamp !== stamp) return true;
    return (this.isRefused || this.upstreamId === undefined) && performance.now() >= this.retryAt;
  }

  /** Whether the upstream registry has it in this very form. */
  isSame({ fingerprint }: MirroredSkill): boolean {
    return this.upstreamId !== undefined && this.fingerprint === fingerprint;
  }

  /** Whether what is registered has parts that are no more. */
  hasLost({ parts }: MirroredSkill): boolean {
    const present = new Set(parts);
    return this.parts !== '' && this.parts.split(SEPARATOR).some((part) => !present.has(part));
  }

  /** It was read again, and nothing of what is sent has changed. */
  unchanged(stamp: string): void {
    this.stamp = stamp;
    this.failures = 0;
  }

  registered(upstreamId: string, stamp: string, { fingerprint, parts }: MirroredSkill): void {
    Object.assign(this, { upstreamId, fingerprint, parts: parts.join(SEPARATOR), alone: false });
    this.unchanged(stamp);
  }

  /** Tried again at a slower pace than heartbeats; what was registered before stays so. */
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

  /** The upstream registry knows nothing of it: to be registered again, at once unless that was refused before. */
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
