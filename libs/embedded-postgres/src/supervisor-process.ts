import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import type { SupervisorCommand } from './supervisor-command.js';
import type { SupervisorMessage, SupervisorOrder } from './supervisor-protocol.js';

/** Milliseconds in which the supervisor must send `hello`; on an idle machine it needs 100. */
const HELLO_WITHIN = 20_000;
/** Milliseconds for the supervisor to stop the server, which it does within 22 s, and itself. */
const CLOSE_WITHIN = 30_000;

/** The service's end of the supervisor: its process and the pipes to it. */
export class SupervisorProcess {
  /** Resolves to the reason when the supervisor has ended; never rejects. */
  readonly ended: Promise<string>;
  /** The account that the cluster must belong to for this supervisor. */
  readonly owner: SupervisorCommand['owner'];
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly awaited = new Map<SupervisorMessage['type'], (message: SupervisorMessage) => void>();
  private complaint = '';

  private constructor(
    { command, args, owner }: SupervisorCommand,
    private readonly log: (message: string) => void,
  ) {
    // A process group of its own: Ctrl-C in the terminal must not reach PostgreSQL while the service drains.
    const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    this.owner = owner;
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        resolve(error.message);
      });
      child.once('close', (code, signal) => {
        resolve(this.complaint.replace(/\s+/g, ' ').trim() || `it ended (${signal ?? `exit code ${code}`})`);
      });
    });
    // An error of a write to a supervisor that has ended: `ended` reports it.
    child.stdin.on('error', () => undefined);
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (this.complaint = (this.complaint + text).slice(-500)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = messageIn(line);
      if (message) this.receive(message);
    });
  }

  /** @throws EmbeddedPostgresError when the supervisor cannot work when started this way. */
  static async spawn(command: SupervisorCommand, log: (message: string) => void): Promise<SupervisorProcess> {
    const supervisor = new SupervisorProcess(command, log);
    const timer = setTimeout(() => supervisor.child.kill('SIGKILL'), HELLO_WITHIN);
    try {
      await supervisor.next('hello');
    } finally {
      clearTimeout(timer);
    }
    return supervisor;
  }

  /**
   * Starts the server; returns its port when it accepts connections.
   * @throws EmbeddedPostgresError with the message of PostgreSQL if it does not start, or if the supervisor is closed meanwhile.
   */
  async begin(order: SupervisorOrder): Promise<number> {
    const ready = this.next('ready');
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    const message = await ready;
    if (message.type !== 'ready') throw new Error(`The PostgreSQL supervisor said ${message.type} instead of ready.`);
    return message.port;
  }

  /** From now on the supervisor does not keep this process alive; when this process ends, the server stops. */
  unref(): void {
    for (const handle of this.handles()) handle.unref();
  }

  /** Stops the server and the supervisor, within 30 s. */
  async close(): Promise<void> {
    for (const handle of this.handles()) handle.ref();
    this.child.stdin.end();
    const timer = setTimeout(() => {
      this.log('the PostgreSQL supervisor does not stop: killing it');
      this.child.kill('SIGKILL');
    }, CLOSE_WITHIN);
    await this.ended;
    clearTimeout(timer);
  }

  private async next(type: SupervisorMessage['type']): Promise<SupervisorMessage> {
    const message = new Promise<SupervisorMessage>((resolve) => this.awaited.set(type, resolve));
    const ended = this.ended.then((why) => {
      throw new EmbeddedPostgresError(why);
    });
    return Promise.race([message, ended]);
  }

  private receive(message: SupervisorMessage): void {
    if (message.type === 'log') this.log(message.message);
    if (message.type === 'failed') this.complaint = message.message;
    this.awaited.get(message.type)?.(message);
    this.awaited.delete(message.type);
  }

  private handles(): { ref(): unknown; unref(): unknown }[] {
    const { stdin, stdout, stderr } = this.child;
    return [this.child, ...[stdin, stdout, stderr].filter((stream) => stream instanceof Socket)];
  }
}

/** Undefined if the line is not a message: NODE_OPTIONS may make Node print something. */
function messageIn(line: string): SupervisorMessage | undefined {
  try {
    return line.startsWith('{') ? (JSON.parse(line) as SupervisorMessage) : undefined;
  } catch {
    return undefined;
  }
}
