import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';

/** Whether something that belongs to the client of this id lies outside of these Spaces. */
export type BelongingsCheck = (tx: Transaction, clientId: string, spaces: readonly string[]) => Promise<boolean>;

/**
 * Things that stay when a client is deleted, such as Skills; they belong to the next client with this id. The rooms that
 * store them register how to look for them.
 */
@Injectable()
export class ClientBelongings {
  private readonly checks: BelongingsCheck[] = [];

  register(check: BelongingsCheck): void {
    this.checks.push(check);
  }

  async areBeyond(...of: Parameters<BelongingsCheck>): Promise<boolean> {
    for (const check of this.checks) if (await check(...of)) return true;
    return false;
  }
}
