import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

const MAX_PAUSES = 20_000;

/** Milliseconds for which an endpoint gets no calls, however long it asks to be left alone. */
export const LONGEST_REST = 60_000;

/**
 * Endpoints that asked one caller to come again later (429, RFC 6585 section 4). Other callers are not kept away, so that no client can
 * cut off a Skill for the others.
 */
@Injectable()
export class CallerPauses {
  /** The end of each pause, by `performance.now`. */
  private readonly ends = new LRUCache<string, number>({ max: MAX_PAUSES });

  begin(clientId: string, endpointId: string, ms: number): void {
    this.ends.set(keyFor(clientId, endpointId), performance.now() + Math.min(ms, LONGEST_REST));
  }

  /** Milliseconds until the pause ends; 0: there is none. */
  left(clientId: string, endpointId: string): number {
    if (this.ends.size === 0) return 0;
    return Math.max(0, (this.ends.get(keyFor(clientId, endpointId)) ?? 0) - performance.now());
  }
}

function keyFor(clientId: string, endpointId: string): string {
  return `${endpointId} ${clientId}`;
}
