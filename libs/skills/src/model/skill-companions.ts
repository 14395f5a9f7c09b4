import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';

/** A room that keeps something of Skills that leave. Called within the transaction of the change. */
export interface SkillCompanion {
  /** SQL that selects a row if something may wait for a Skill with the name `x.name`. The insert of Skills evaluates it. */
  readonly waiting: string;
  /** These Skills leave: they are about to be deleted, and may return. Their rows are locked (FOR UPDATE). */
  leaving(tx: Transaction, skillIds: readonly string[]): Promise<void>;
  /** These Skills were inserted with all their parts, and something may wait for them. */
  arrived(tx: Transaction, skillIds: readonly string[]): Promise<void>;
}

/** Lets rooms above this one act when Skills leave and arrive. */
@Injectable()
export class SkillCompanions {
  private readonly companions: SkillCompanion[] = [];

  subscribe(companion: SkillCompanion): void {
    this.companions.push(companion);
  }

  /** An SQL condition: whether something may wait for a Skill with the name `x.name`. */
  get waiting(): string {
    return ['false', ...this.companions.map(({ waiting }) => `EXISTS (${waiting})`)].join(' OR ');
  }

  async leaving(tx: Transaction, skillIds: readonly string[]): Promise<void> {
    if (skillIds.length > 0) for (const companion of this.companions) await companion.leaving(tx, skillIds);
  }

  async arrived(tx: Transaction, skillIds: readonly string[]): Promise<void> {
    if (skillIds.length > 0) for (const companion of this.companions) await companion.arrived(tx, skillIds);
  }
}
