import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type CommandsSettings, commandsSettings } from '#config';
import { CatalogueChanges } from '#skills';
import type { Target } from './target.js';

/** Answers that are kept, and endpoints in them; those loaded longest ago go first. */
const MAX_KEPT = 10_000;
const MAX_ENDPOINTS = 100_000;

interface Kept {
  targets: Promise<readonly Target[]>;
  until: number;
  /** The one Skill that it is about; undefined: whichever have a name or a capability. */
  skillId: string | undefined;
  /** Known once it is loaded. */
  endpoints: number;
}

/**
 * Keeps what is known of Skills for a second, so that a call costs no look-up: an endpoint that has died meanwhile is one
 * more that does not serve. What this replica changes counts at once.
 */
@Injectable()
export class TargetCache implements OnModuleInit {
  /** Those loaded first come first. */
  private readonly kept = new Map<string, Kept>();
  private endpoints = 0;

  constructor(
    private readonly changes: CatalogueChanges,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  onModuleInit(): void {
    this.changes.onAnnounced((skillIds) => {
      this.forget(new Set(skillIds));
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
    this.drop(name);
    const until = performance.now() + this.settings.targetMaxAge;
    const kept: Kept = { targets: load(), until, skillId, endpoints: 0 };
    this.kept.set(name, kept);
    kept.targets.then(
      (targets) => {
        this.weigh(name, kept, targets);
      },
      // A failure is for those who wait for it, and for nobody after them.
      () => {
        if (this.kept.get(name) === kept) this.drop(name);
      },
    );
    this.forgetOld();
    return kept.targets;
  }

  private forget(skillIds: ReadonlySet<string>): void {
    for (const [name, { skillId }] of this.kept) {
      if (skillId === undefined || skillIds.has(skillId)) this.drop(name);
    }
  }

  /** Callers choose ranges of versions, and so how many answers hold the same endpoints. */
  private weigh(name: string, kept: Kept, targets: readonly Target[]): void {
    if (this.kept.get(name) !== kept) return;
    kept.endpoints = targets.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
    this.endpoints += kept.endpoints;
    this.forgetOld();
  }

  private forgetOld(): void {
    for (const [name, { until }] of this.kept) {
      const fits = this.kept.size <= MAX_KEPT && this.endpoints <= MAX_ENDPOINTS;
      if (fits && until > performance.now()) return;
      this.drop(name);
    }
  }

  private drop(name: string): void {
    this.endpoints -= this.kept.get(name)?.endpoints ?? 0;
    this.kept.delete(name);
  }
}
