import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { PeriodicService } from '#scheduling';
import { SessionStore } from './session-store.js';

const EVERY_MS = 600_000;

/** Deletes sessions that have expired. Every replica may do so at any time. */
@Injectable()
export class SessionPurge extends PeriodicService {
  constructor(
    private readonly store: SessionStore,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'session-purge',
      everyMs: EVERY_MS,
      context: 'auth',
      subject: 'Deleting expired sessions',
    });
  }

  protected work(): Promise<void> {
    return this.store.purge();
  }
}
