import type { Deadline } from '../deadline.js';
import type { Dialer } from '../guard/dialer.js';
import type { Target } from '../guard/target.js';
import { OutboundError } from '../outbound-error.js';
import { Connection, type Message, type Sessions } from './connection.js';
import type { OutboundAnswer } from './exchange.js';

/** Calls that may wait, per connection of the pool. */
const MAX_WAITING_PER_CONNECTION = 32;

/**
 * A bounded pool of connections of one share to one origin. A call takes the connection that was used last; when all are
 * in use, it waits its turn. Why not undici's Pool: docs/adr/0038.
 */
export class OriginPool {
  private readonly connections = new Set<Connection>();
  private readonly idle: Connection[] = [];
  private readonly waiting = new Set<(connection: Connection) => void>();
  private readonly sessions: Sessions = {};

  /** `onEmpty` is called when the last connection has closed. */
  constructor(
    private readonly target: Target,
    private readonly dialer: Dialer,
    private readonly maxConnections: number,
    private readonly onEmpty: () => void,
  ) {}

  /** Whether no call uses a connection or waits for one. */
  get isIdle(): boolean {
    return this.idle.length === this.connections.size;
  }

  /** The number of open connections. */
  get open(): number {
    return [...this.connections].filter(({ isOpen }) => isOpen).length;
  }

  /**
   * A server may close an idle connection just when a request is sent over it. If such a connection ends before a byte of the answer,
   * the request is sent once more over a fresh one (RFC 9112 section 9.5).
   * @throws OutboundError; `refused` when too many calls wait
   */
  async exchange(message: Message, path: string, deadline: Deadline): Promise<OutboundAnswer> {
    let connection = await this.acquire(deadline);
    for (;;) {
      try {
        const answer = await connection.exchange(message, path, deadline);
        this.release(connection);
        return answer;
      } catch (error) {
        const isRace = error instanceof OutboundError && error.kind === 'reset-before-answer' && connection.hasAnswered;
        if (!isRace || deadline.error) {
          this.discard(connection);
          throw error;
        }
        // It has brought no answer yet, so that this happens once.
        connection = this.replace(connection);
      }
    }
  }

  /** Closes all connections: calls in flight fail. */
  destroy(): void {
    for (const connection of this.connections) connection.destroy();
  }

  private acquire(deadline: Deadline): Promise<Connection> {
    const connection = this.idle.pop() ?? this.openAnother();
    if (connection) return Promise.resolve(connection);
    if (this.waiting.size >= this.maxConnections * MAX_WAITING_PER_CONNECTION) {
      throw new OutboundError('refused', `too many calls wait for a connection to ${this.target.origin}`);
    }
    return new Promise((resolve, reject) => {
      this.waiting.add(resolve);
      deadline.onEnd((error) => {
        if (this.waiting.delete(resolve)) reject(error);
      });
    });
  }

  /** Opens a connection in the place of one that has ended, which no waiting call gets. */
  private replace(ended: Connection): Connection {
    this.connections.delete(ended);
    ended.destroy();
    return this.create();
  }

  private openAnother(): Connection | undefined {
    return this.connections.size < this.maxConnections ? this.create() : undefined;
  }

  private create(): Connection {
    const connection = new Connection(this.target, this.dialer, this.sessions, (ended) => {
      this.discard(ended);
    });
    this.connections.add(connection);
    return connection;
  }

  private release(connection: Connection): void {
    if (!this.passOn(connection)) this.idle.push(connection);
  }

  private discard(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    connection.destroy();
    const index = this.idle.indexOf(connection);
    if (index >= 0) this.idle.splice(index, 1);
    if (this.waiting.size > 0) this.passOn(this.openAnother());
    if (this.connections.size === 0) this.onEmpty();
  }

  /** Gives the connection to the call that has waited longest. Returns false if none waits. */
  private passOn(connection: Connection | undefined): boolean {
    const [first] = this.waiting;
    if (!first || !connection) return false;
    this.waiting.delete(first);
    first(connection);
    return true;
  }
}
