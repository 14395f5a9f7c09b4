import { setTimeout as delay } from 'node:timers/promises';
import type { RedisClientType } from 'redis';
import type { RedisConnection } from './redis.connection.js';

const DISCONNECT_WAIT_MS = 1_000;

/**
 * Receives the messages of one channel, over its own connection, as pub/sub requires. It connects in the background and
 * never gives up. Messages that are published while it is not connected are lost without a notice: a listener that needs
 * all of them must compare with something that Redis stores, as `ChangeFeed` does. Without REDIS_URL it receives nothing.
 */
export class RedisSubscriber {
  private client: RedisClientType | undefined;
  private isSubscribed = false;

  constructor(
    private readonly redis: RedisConnection,
    private readonly channel: string,
    private readonly listener: (message: string) => void,
  ) {}

  start(): void {
    const client = this.redis.client?.duplicate();
    if (client === undefined) return;
    this.client = client;
    client.on('ready', () => void this.subscribe(client));
    // The shared connection has the same errors, and logs them.
    client.on('error', () => undefined);
    // It never gives up: this rejects when it is stopped meanwhile.
    client.connect().catch(() => undefined);
  }

  async stop(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    if (client?.isOpen !== true) return;
    // `disconnect` does not close a socket that is just being opened: it must not keep the process alive.
    client.unref();
    await Promise.race([client.disconnect(), delay(DISCONNECT_WAIT_MS, undefined, { ref: false })]);
  }

  private async subscribe(client: RedisClientType): Promise<void> {
    // Once it has, node-redis does so again with every new connection.
    if (this.isSubscribed) return;
    try {
      await client.subscribe(this.channel, this.listener);
      this.isSubscribed = true;
    } catch {
      // The connection was lost at once: the next one comes here again.
    }
  }
}
