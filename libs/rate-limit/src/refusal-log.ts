import { Logger } from '@nestjs/common';
import { shortenClaimedName, type RefusedRequests } from '#auth';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { RequestClass } from './request-class.js';

const EVERY_MS = 60_000;
const CAPACITY = 10_000;

/** The refused client (or a request that claims to be from it), or an address. */
export interface RefusedSender {
  key: string;
  clientId: string | undefined;
  /** Text for people. */
  name: string;
}

/** Writes one line, and one entry of the audit log, for each client, class and minute, however many requests are refused. */
export class RefusalLog {
  private readonly logger = new Logger('rate-limit');
  private readonly logged = new LRUCache<string, number>({ max: CAPACITY });

  constructor(private readonly audit: RefusedRequests) {}

  refused(
    request: FastifyRequest,
    { key, clientId, name }: RefusedSender,
    requestClass: RequestClass,
    limit: number,
  ): void {
    if (!this.isFirst(`${requestClass}:${key}`)) return;
    this.logger.warn(`${name} is refused: more than ${limit} ${requestClass} in a minute`);
    this.audit.limited(request, clientId, 'rate_limit');
  }

  guessing(request: FastifyRequest, { key, clientId, name }: RefusedSender): void {
    if (!this.isFirst(`secret:${key}`)) return;
    this.logger.warn(`wrong secrets again and again: ${name} is slowed down`);
    this.audit.limited(request, clientId, 'wrong_secrets');
  }

  private isFirst(key: string): boolean {
    const now = Date.now();
    if (now - (this.logged.get(key) ?? -EVERY_MS) < EVERY_MS) return false;
    this.logged.set(key, now);
    return true;
  }
}

/** Quotes a name that is not verified, on one line, and shortens it. */
export function quoted(name: string): string {
  return JSON.stringify(shortenClaimedName(name));
}
