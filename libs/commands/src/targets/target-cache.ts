import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type CommandsSettings, commandsSettings } from '#config';
import { CatalogueChanges } from '#skills';
import type { Target } from './target.js';

/** Answers that are kept, and endpoints in all of them: callers choose version ranges, and so how many answers share endpoints. A
 * kilobyte of a schema counts as an endpoint. */
const MAX_ANSWERS = 10_000;
const MAX_ENDPOINTS = 100_000;

interface Answer {
  targets: Promise<readonly Target[]>;
  /** The only Skill in it; undefined: any Skill may match. */
  skillId: string | undefined;
}

/**
 * Keeps what is known of Skills for `COMMAND_TARGET_MAX_AGE` milliseconds, so that most calls need no look-up. Changes made
 * by this replica count at once. An endpoint that dies meanwhile fails its call, which then tries another endpoint.
 */
@Injectable()
export class TargetCache implements OnModuleInit {
  private readonly answers: LRUCache<string, Answer>;

  constructor(
    private readonly changes: CatalogueChanges,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {
    this.answers = new LRUCache({ max: MAX_ANSWERS, maxSize: MAX_ENDPOINTS, ttl: settings.targetMaxAge });
  }

  onModuleInit(): void {
    this.changes.onAnnounced((skillIds) => {
      this.forget(new Set(skillIds));
    });
  }

  /** Simultaneous calls share one load; a failed load is not kept. Do not change what it returns. */
  get(
    key: readonly unknown[],
    skillId: string | undefined,
    load: () => Promise<readonly Target[]>,
  ): Promise<readonly Target[]> {
    if (this.settings.targetMaxAge === 0) return load();
    const name = JSON.stringify(key);
    const known = this.answers.get(name);
    if (known) return known.targets;
    const start = performance.now();
    const answer: Answer = { targets: load(), skillId };
    this.answers.set(name, answer, { size: 1, start });
    answer.targets.then(
      (targets) => {
        const size = 1 + targets.reduce((sum, target) => sum + sizeOf(target), 0);
        // A copy, because the cache counts the size of a new value only.
        if (this.answers.peek(name) === answer) this.answers.set(name, { ...answer }, { size, start });
      },
      () => {
        if (this.answers.peek(name) === answer) this.answers.delete(name);
      },
    );
    return answer.targets;
  }

  private forget(skillIds: ReadonlySet<string>): void {
    for (const [name, { skillId }] of this.answers.entries()) {
      if (skillId === undefined || skillIds.has(skillId)) this.answers.delete(name);
    }
  }
}

function sizeOf({ endpoints, capability }: Target): number {
  const characters = (capability?.inputSchema?.length ?? 0) + (capability?.outputSchema?.length ?? 0);
  return endpoints.length + Math.ceil(characters / 1024);
}
