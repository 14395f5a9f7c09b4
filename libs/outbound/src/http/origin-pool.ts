import { Connection, type Message, type Sessions } from './connection.js';
import type { Deadline } from '../deadline.js';
import type { Dialer } from '../guard/dialer.js';
import type { OutboundAnswer } from './exchange.js';
import { OutboundError } from '../outbound-error.js';
import type { Target } from '../guard/target.js';

/** Calls that may wait for a connection, for each that there can be. */
const WAITING_PER_CONNECTION = 32;

/** The connections of one share to one origin. A call takes the one that was used last; if all are in use, it waits its turn. */
export class OriginPool {
  private readonly connections = new Set<Connection>();
  private readonly idle: Connection[] = [];
  private readonly waiting = new Set<(connection: Connection) => void>();
  private readonly sessions: Sessions = {};

  constructor(
    private readonly target: Target,
    private readonly dialer: Dialer,
    private readonly maxConnections: number,
    /** Its last connection has ended. */
    private readonly onEmpty: () => void,
  ) {}

  /** Whether nobody uses a connection, or waits for one. */
  get isIdle(): boolean {
    return this.idle.length === this.connections.size;
  }

  get open(): number {
    return [...this.connections].filter(({ isOpen }) => isOpen).length;
  }

  /** @throws OutboundError */
  async exchange(message: Message, deadline: Deadline): Promise<OutboundAnswer> {
    const connection = await this.acquire(deadline);
    try {
      const answer = await connection.exchange(message, deadline);
      this.release(connection);
      return answer;
    } catch (error) {
      this.discard(connection);
      throw error;
    }
  }

  /** Every call in flight fails. */
  destroy(): void {
    for (const connection of this.connections) connection.destroy();
  }

  private acquire(deadline: Deadline): Promise<Connection> {
    const connection = this.idle.pop() ?? this.openAnother();
    if (connection) return Promise.resolve(connection);
    if (this.waiting.size >= this.maxConnections * WAITING_PER_CONNECTION) {
      throw new OutboundError('refused', `too many calls wait for a connection to ${this.target.origin}`);
    }
    return new Promise((resolve, reject) => {
      this.waiting.add(resolve);
      deadline.watch((error) => {
        if (this.waiting.delete(resolve)) reject(error);
      });
    });
  }

  private openAnother(): Connection | undefined {
    if (this.connections.size >= this.maxConnections) return undefined;
    const connection = new Connection(this.target, this.dialer, this.sessions, (ended) => {
      this.discard(ended);
    });
    this.connections.add(connection);
    return connection;
  }

  private release(connection: Connection): void {
    if (!this.handOn(connection)) this.idle.push(connection);
  }

  private discard(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    connection.destroy();
    const index = this.idle.indexOf(connection);
    if (index >= 0) this.idle.splice(index, 1);
    if (this.waiting.size > 0) this.handOn(this.openAnother());
    if (this.connections.size === 0) this.onEmpty();
  }

  /** To the one who waits longest. */
  private handOn(connection: Connection | undefined): boolean {
    const [first] = this.waiting;
    if (!first || !connection) return false;
    this.waiting.delete(first);
    first(connection);
    return true;
  }
}
