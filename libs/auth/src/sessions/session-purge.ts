import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { SessionStore } from './session-store.js';

const EVERY_MS = 600_000;

/** Deletes sessions that have expired; every replica may do so at any time. */
@Injectable()
export class SessionPurge {
  private readonly logger = new Logger('auth');

  constructor(private readonly store: SessionStore) {}

  @Interval(EVERY_MS)
  async purge(): Promise<void> {
    try {
      await this.store.purge();
    } catch (error) {
      this.logger.warn(`expired sessions were not deleted; trying again later: ${String(error)}`);
    }
  }
}
