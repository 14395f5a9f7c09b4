import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CacheProvider } from '#cache';
import { type CommandsSettings, commandsSettings } from '#config';
import { SKILL_CACHE } from '#skills';
import type { Target } from './target.js';

/** Answers that are kept; those loaded longest ago go first. */
const MAX_KEPT = 10_000;

interface Kept {
  targets: Promise<readonly Target[]>;
  until: number;
  /** The one Skill that it is about; undefined: whichever have a name or a capability. */
  skillId: string | undefined;
}

/**
 * Keeps what is known of Skills for a second, so that a call costs no look-up: an endpoint that has died meanwhile is one
 * more that does not serve. What this replica changes counts at once.
 */
@Injectable()
export class TargetCache implements OnModuleInit {
  /** Those loaded first come first. */
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly cache: CacheProvider,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  onModuleInit(): void {
    this.cache.onInvalidated(SKILL_CACHE, (ids) => {
      this.forget(new Set(ids));
      return undefined;
    });
  }

  /** Calls at the same time share one load. What is answered must not be changed. */
  get(
    key: readonly unknown[],
    skillId: string | undefined,
    load: () => Promise<readonly Target[]>,
  ): Promise<readonly Target[]> {
    if (this.settings.targetMaxAge === 0) return load();
    const name = JSON.stringify(key);
    const known = this.kept.get(name);
    if (known && performance.now() < known.until) return known.targets;
    this.kept.delete(name);
    const kept = { targets: load(), until: performance.now() + this.settings.targetMaxAge, skillId };
    this.kept.set(name, kept);
    // A failure is for those who wait for it, and for nobody after them.
    kept.targets.catch(() => {
      if (this.kept.get(name) === kept) this.kept.delete(name);
    });
    this.forgetOld();
    return kept.targets;
  }

  private forget(skillIds: ReadonlySet<string>): void {
    for (const [name, { skillId }] of this.kept) {
      if (skillId === undefined || skillIds.has(skillId)) this.kept.delete(name);
    }
  }

  private forgetOld(): void {
    for (const [name, { until }] of this.kept) {
      if (this.kept.size <= MAX_KEPT && until > performance.now()) return;
      this.kept.delete(name);
    }
  }
}
