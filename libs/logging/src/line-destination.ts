import { appendFileSync, closeSync, mkdirSync, openSync, write as writeFile, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STDOUT = 1;
/** Bytes kept in memory while the disk is full or the reader of a pipe stands still; what comes after is dropped. */
const MAX_BUFFER = 16 * 1024 * 1024;
/** Milliseconds until a write that failed is tried again. */
const RETRY_AFTER = 200;
/** Milliseconds between two writes: under load a line costs a hundredth of one, and is read a moment later. */
const PAUSE_MS = 10;
/** Milliseconds that the end waits for a reader that stands still. */
const CLOSE_TIMEOUT = 2000;

/** A log file cannot be written. Thrown at the start: a service whose log is lost in silence is worse than none. */
export class LogFileError extends Error {
  constructor(setting: string, file: string, cause: unknown) {
    super(`${setting} ${file} cannot be opened for writing: ${messageOf(cause)}`, { cause });
    this.name = 'LogFileError';
  }
}

/**
 * Appends log lines to standard output or to a file without blocking the event loop: lines that come while a write is
 * under way go out together with the next one. An outage is told on standard error, once, and costs no line until
 * MAX_BUFFER is full. Not pino's own destination (sonic-boom 4): with a full disk, its flush at a fatal line and at
 * the exit never ends.
 */
export class LineDestination {
  private lines: string[] = [];
  private bytes = 0;
  /** What is being written, and where to: a rotation in between must not tear a line in two. */
  private current?: { fd: number; rest: Buffer };
  private failing = false;
  private closed = false;
  private dropped = 0;
  private droppedBefore = 0;
  private retry?: NodeJS.Timeout;
  private pause?: NodeJS.Timeout;
  private onIdle: () => void = () => undefined;

  private constructor(
    private fd: number,
    private readonly file: string | undefined,
    private readonly warn: (text: string) => void,
  ) {
    process.on('exit', this.flushSync);
  }

  static stdout(warn = toStderr): LineDestination {
    return new LineDestination(STDOUT, undefined, warn);
  }

  /**
   * `setting` names the file in the error.
   * @throws LogFileError when the file cannot be opened now.
   */
  static file(setting: string, file: string, warn = toStderr): LineDestination {
    try {
      return new LineDestination(open(file), file, warn);
    } catch (error) {
      throw new LogFileError(setting, file, error);
    }
  }

  /** Lines lost since the start. */
  get droppedLines(): number {
    return this.droppedBefore + this.dropped;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.bytes + bytes > MAX_BUFFER) {
      this.dropped += 1;
      return;
    }
    this.lines.push(line);
    this.bytes += bytes;
    // What is said after the end (by a failing exit handler, say) is rare, and must not get lost either.
    if (this.closed) this.flushSync();
    else if (!this.current && !this.pause) this.next();
  }

  /** Writes what waits, at once and without a second try: for fatal lines (pino calls it then) and for the exit. */
  readonly flushSync = (): void => {
    const waiting = this.take();
    if (waiting.length === 0) return;
    try {
      if (this.closed) appendFileSync(this.file ?? STDOUT, waiting);
      else for (let rest = waiting; rest.length > 0;) rest = rest.subarray(writeSync(this.fd, rest));
    } catch (error) {
      this.warn(`the last lines of the log did not get to ${this.name}: ${messageOf(error)}`);
    }
  };

  /** Opens the file of this name again, after logrotate has renamed the old one. No line is lost in between. */
  reopen(): void {
    if (this.closed || this.file === undefined) return;
    this.endPause();
    try {
      const old = this.fd;
      this.fd = open(this.file);
      if (this.current?.fd !== old) closeSync(old);
    } catch (error) {
      this.warn(`cannot open ${this.name} again, the log goes on in the old file: ${messageOf(error)}`);
    }
  }

  /** Resolves when every line is written, or cannot be: shutting down does not wait for a full disk. */
  async close(): Promise<void> {
    if (this.closed) return;
    if (this.current && !this.failing) {
      await Promise.race([
        new Promise<void>((done) => (this.onIdle = done)),
        sleep(CLOSE_TIMEOUT, undefined, { ref: false }),
      ]);
    }
    this.flushSync();
    clearTimeout(this.retry);
    clearTimeout(this.pause);
    process.off('exit', this.flushSync);
    this.closed = true;
    // A write that is stuck still holds the file.
    if (this.fd !== STDOUT && !this.current) closeSync(this.fd);
  }

  private take(): Buffer {
    const waiting = Buffer.from(this.lines.join(''));
    this.lines = [];
    this.bytes = 0;
    return waiting;
  }

  private endPause(): void {
    if (!this.pause) return;
    clearTimeout(this.pause);
    this.pause = undefined;
    this.next();
  }

  private next(): void {
    if (this.closed || this.lines.length === 0) return;
    this.current = { fd: this.fd, rest: this.take() };
    this.continue(this.current);
  }

  private continue(current: { fd: number; rest: Buffer }): void {
    writeFile(current.fd, current.rest, (error, written) => {
      if (error) {
        this.fail(error, current);
        return;
      }
      this.recover();
      current.rest = current.rest.subarray(written);
      if (current.rest.length > 0) {
        this.continue(current);
        return;
      }
      if (current.fd !== this.fd) closeSync(current.fd);
      this.current = undefined;
      this.onIdle();
      this.pause = setTimeout(() => {
        this.endPause();
      }, PAUSE_MS).unref();
    });
  }

  private fail(error: NodeJS.ErrnoException, current: { fd: number; rest: Buffer }): void {
    if (error.code !== 'EAGAIN') {
      if (!this.failing) this.warn(`cannot write the log to ${this.name}: ${error.message}`);
      this.failing = true;
      this.onIdle();
    }
    if (this.closed) return;
    this.retry = setTimeout(() => {
      this.continue(current);
    }, RETRY_AFTER).unref();
  }

  private recover(): void {
    if (this.failing) this.warn(`the log is written to ${this.name} again, ${this.dropped} line(s) were lost`);
    this.failing = false;
    this.droppedBefore += this.dropped;
    this.dropped = 0;
  }

  private get name(): string {
    return this.file ?? 'standard output';
  }
}

function open(file: string): number {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function toStderr(text: string): void {
  process.stderr.write(`${text}\n`);
}
