import { Injectable } from '@nestjs/common';
import type { Health } from './endpoint.entity.js';

/** An endpoint that holds a lease, or held one, as PostgreSQL knows it. */
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

/** Is told of what was committed; takes care of its own errors. */
export interface SkillObserver {
  /** These registered, or registered again. */
  registered(skills: readonly SkillLeases[]): Promise<void>;
  /** Endpoints of these were changed in another way, or the Skills are gone: what was known of them no longer holds. */
  changed(skillIds: readonly string[]): Promise<void>;
}

/** Lets rooms above this one follow what happens to Skills. */
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
