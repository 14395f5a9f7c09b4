import { Logger } from '@nestjs/common';
import { BoundedMap } from './bounded-map.js';
import type { RequestClass } from './request-class.js';

const EVERY_MS = 60_000;
const CAPACITY = 10_000;
const MAX_NAME = 64;

/** One line for each client, class and minute, however many requests were refused. */
export class RefusalLog {
  private readonly logger = new Logger('rate-limit');
  private readonly logged = new BoundedMap<number>(CAPACITY);

  refused(requestClass: RequestClass, key: string, who: string, limit: number): void {
    this.once(`${requestClass}:${key}`, () => `${who} is refused: more than ${limit} ${requestClass} in a minute`);
  }

  guessing(key: string, who: string): void {
    this.once(`secret:${key}`, () => `wrong secrets again and again: ${who} is slowed down`);
  }

  private once(key: string, line: () => string): void {
    const now = Date.now();
    if (now - (this.logged.get(key) ?? -EVERY_MS) < EVERY_MS) return;
    this.logged.set(key, now);
    this.logger.warn(line());
  }
}

/** A name that somebody claims: quoted, on one line, not at any length. */
export function quoted(name: string): string {
  return JSON.stringify(name.slice(0, MAX_NAME));
}
