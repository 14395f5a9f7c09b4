import { closeSync, write as writeFile, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '#common';
import { closeQuietly, isRemoved, openLogFile, reopenLogFile } from './log-file.js';
import { writeToStderr } from './standard-streams.js';

const STDOUT = 1;
/** Bytes kept in memory while the disk is full or nobody reads the pipe. Further lines are dropped. */
const MAX_BUFFER = 16 * 1024 * 1024;
/** Milliseconds until a write that failed is tried again. */
const RETRY_AFTER = 200;
/** Milliseconds between two writes: under load a line costs a hundredth of one, and is read a moment later. */
const PAUSE_MS = 10;
/** Milliseconds that the shutdown waits for a pipe that nobody reads. */
const CLOSE_TIMEOUT = 2000;
/** The same descriptor works again later: the disk has room, or the pipe is read. */
const PASSING = new Set(['EAGAIN', 'ENOSPC', 'EDQUOT']);

/** A log file cannot be written. Thrown at the start: a service whose log is lost in silence is worse than none. */
export class LogFileError extends Error {
  constructor(setting: string, file: string, cause: unknown) {
    super(`${setting} ${file} cannot be opened for writing: ${describeError(cause)}`, { cause });
    this.name = 'LogFileError';
  }
}

/** Reports an outage; must not throw. */
type Warn = (text: string) => void;

/** What is being written, and where to: a rotation in between must not tear a line in two. */
interface Batch {
  fd: number;
  rest: Buffer;
  lines: number;
}

/**
 * Appends log lines to standard output or to a file without blocking the event loop: lines that come while a write is
 * under way go out together with the next one. An outage is reported once when it begins and once when it ends. In
 * between, lines for a file wait, up to MAX_BUFFER; those for a pipe that nobody reads are lost. A file that was removed
 * is made again. Never throws, and never logs: a fault of the log must not cause the next one. Not pino's own destination
 * (sonic-boom 4): with a full disk, its flush at a fatal line and at the exit never ends.
 */
export class LineDestination {
  private lines: string[] = [];
  private bytes = 0;
  private current?: Batch;
  /** Something is under way that ends in `next`. */
  private busy = false;
  private failing = false;
  /** The descriptor cannot be used any more. */
  private stale = false;
  private closed = false;
  private dropped = 0;
  private droppedBefore = 0;
  private failures = 0;
  private timer?: NodeJS.Timeout;
  private onIdle: () => void = () => undefined;

  private constructor(
    private fd: number,
    private readonly file: string | undefined,
    private readonly warn: Warn,
  ) {
    process.on('exit', this.flush);
  }

  static stdout(warn: Warn = writeToStderr): LineDestination {
    return new LineDestination(STDOUT, undefined, warn);
  }

  /**
   * `setting` names the file in the error.
   * @throws LogFileError when the file cannot be opened now.
   */
  static file(setting: string, file: string, warn: Warn = writeToStderr): LineDestination {
    try {
      return new LineDestination(openLogFile(file), file, warn);
    } catch (error) {
      throw new LogFileError(setting, file, error);
    }
  }

  /** Lines lost since the start. */
  get droppedLines(): number {
    return this.droppedBefore + this.dropped;
  }

  /** Writes that have failed since the start. */
  get failedWrites(): number {
    return this.failures;
  }

  /** Whether the last write failed. */
  get isFailing(): boolean {
    return this.failing;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.bytes + (this.current?.rest.length ?? 0) + bytes > MAX_BUFFER) {
      this.dropped += 1;
      return;
    }
    this.lines.push(line);
    this.bytes += bytes;
    // Lines after the end (of a failing exit handler, for example) are rare, and must not get lost either.
    if (this.closed) this.flush();
    else if (!this.busy) this.next();
  }

  /** Writes what waits, at once: pino calls it for a fatal line. During an outage it goes on waiting. */
  flushSync(): void {
    if (!this.failing) this.flush();
  }

  /** Opens the file of this name again, after logrotate has renamed the old one. No line is lost in between. */
  reopen(): void {
    if (this.closed || this.file === undefined) return;
    if (!this.current) this.flushSync();
    try {
      const old = this.use(openLogFile(this.file));
      if (old !== undefined) closeSync(old);
    } catch (error) {
      this.warn(`cannot open ${this.name} again, the log goes on in the old file: ${describeError(error)}`);
    }
  }

  /** Resolves when every line is written, or cannot be written: the shutdown does not wait for a full disk. */
  async close(): Promise<void> {
    if (this.closed) return;
    if (this.current && !this.failing) {
      await Promise.race([
        new Promise<void>((done) => (this.onIdle = done)),
        sleep(CLOSE_TIMEOUT, undefined, { ref: false }),
      ]);
    }
    this.flush();
    clearTimeout(this.timer);
    process.off('exit', this.flush);
    this.closed = true;
    // A write that is stuck still holds the file.
    if (this.fd !== STDOUT && !this.current) await closeQuietly(this.fd);
  }

  /** Without a second try: for the exit. */
  private readonly flush = (): void => {
    const { rest, lines } = this.take();
    if (lines === 0) return;
    try {
      if (this.closed && this.file !== undefined) appendTo(this.file, rest);
      else writeAll(this.fd, rest);
    } catch (error) {
      this.failures += 1;
      this.dropped += lines;
      if (!this.failing) this.warn(`the last lines of the log did not get to ${this.name}: ${describeError(error)}`);
    }
  };

  private take(): Batch {
    const batch = { fd: this.fd, rest: Buffer.from(this.lines.join('')), lines: this.lines.length };
    this.lines = [];
    this.bytes = 0;
    return batch;
  }

  private nextAfter(ms: number): void {
    this.timer = setTimeout(() => {
      this.next();
    }, ms).unref();
  }

  private next(): void {
    this.busy = !this.closed && (this.current !== undefined || this.lines.length > 0);
    if (!this.busy) return;
    if (this.current) {
      this.continue(this.current);
    } else if (this.file === undefined) {
      this.begin();
    } else {
      this.ensureFile(this.file).then(
        () => {
          this.begin();
        },
        (error: unknown) => {
          this.fail(error as NodeJS.ErrnoException);
        },
      );
    }
  }

  private begin(): void {
    this.busy = !this.closed && this.lines.length > 0;
    if (!this.busy) return;
    this.current = this.take();
    this.continue(this.current);
  }

  /** Creates the file again if it was removed, or could not be written. */
  private async ensureFile(file: string): Promise<void> {
    const old = this.fd;
    const wasRemoved = !this.stale && (await isRemoved(old, file));
    this.stale ||= wasRemoved;
    // Meanwhile it may be closed, or opened again by a signal.
    const isOver = (): boolean => this.closed || this.fd !== old;
    if (!this.stale || isOver()) return;
    const fd = await reopenLogFile(file);
    if (isOver()) {
      void closeQuietly(fd);
      return;
    }
    void closeQuietly(this.use(fd));
    if (wasRemoved) this.warn(`${file} was removed: the log goes on in a new file`);
  }

  /** Returns the descriptor to close; undefined: the batch that is under way goes to the old file to its end. */
  private use(fd: number): number | undefined {
    const old = this.current?.fd === this.fd ? undefined : this.fd;
    this.fd = fd;
    this.stale = false;
    return old;
  }

  private continue(current: Batch): void {
    writeFile(current.fd, current.rest, (error, written) => {
      if (error) {
        this.fail(error);
        return;
      }
      this.recover();
      current.rest = current.rest.subarray(written);
      if (current.rest.length > 0) {
        this.continue(current);
        return;
      }
      this.release(current);
      this.nextAfter(PAUSE_MS);
    });
  }

  private release(current: Batch): void {
    if (current.fd !== this.fd) void closeQuietly(current.fd);
    this.current = undefined;
    this.onIdle();
  }

  private fail(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EAGAIN') {
      const isNew = !this.failing;
      this.failures += 1;
      this.failing = true;
      if (isNew) this.warn(`cannot write the log to ${this.name}: ${error.message}`);
    }
    const { current } = this;
    if (current && !PASSING.has(error.code ?? '')) {
      if (this.file === undefined) {
        this.dropped += current.lines;
      } else {
        this.lines.unshift(current.rest.toString());
        this.bytes += current.rest.length;
        this.stale = current.fd === this.fd;
      }
      this.release(current);
    } else {
      this.onIdle();
    }
    if (!this.closed) this.nextAfter(RETRY_AFTER);
  }

  private recover(): void {
    if (!this.failing) return;
    this.failing = false;
    this.warn(`the log is written to ${this.name} again, ${this.dropped} line(s) were lost`);
    this.droppedBefore += this.dropped;
    this.dropped = 0;
  }

  private get name(): string {
    return this.file ?? 'standard output';
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let left = bytes; left.length > 0;) left = left.subarray(writeSync(fd, left));
}

function appendTo(file: string, bytes: Buffer): void {
  const fd = openLogFile(file);
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
