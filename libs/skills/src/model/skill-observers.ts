import { Injectable } from '@nestjs/common';
import type { Health } from './endpoint.entity.js';

/** An endpoint that has or had a lease, as stored in PostgreSQL. */
export interface EndpointLease {
  endpointId: string;
  url: string;
  generation: number;
  health: Health;
  /** False: the lease has ended. */
  live: boolean;
}

/** Every lease of one Skill. */
export interface SkillLeases {
  skillId: string;
  owner: string;
  endpoints: EndpointLease[];
}

/** Called after the commit of a change. Must handle its own errors. */
export interface SkillObserver {
  /** These Skills registered, for the first time or again. */
  registered(skills: readonly SkillLeases[]): Promise<void>;
  /** Other changes of endpoints, or the Skills were removed. State that an observer keeps of them is out of date. */
  changed(skillIds: readonly string[]): Promise<void>;
}

/** Lets rooms above this one observe changes of Skills. */
@Injectable()
export class SkillObservers implements SkillObserver {
  private readonly observers: SkillObserver[] = [];

  subscribe(observer: SkillObserver): void {
    this.observers.push(observer);
  }

  async registered(skills: readonly SkillLeases[]): Promise<void> {
    if (skills.length > 0) await Promise.all(this.observers.map((observer) => observer.registered(skills)));
  }

  async changed(skillIds: readonly string[]): Promise<void> {
    if (skillIds.length > 0) await Promise.all(this.observers.map((observer) => observer.changed(skillIds)));
  }
}
