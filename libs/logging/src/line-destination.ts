import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { destination } from 'pino';

const STDOUT = 1;
/** Bytes kept in memory while the disk is full or the reader of a pipe stands still; what comes after is dropped. */
const MAX_BUFFER = 16 * 1024 * 1024;

/** LOG_FILE cannot be written. Thrown at the start: a service whose log is lost in silence is worse than none. */
export class LogFileError extends Error {
  constructor(file: string, cause: unknown) {
    super(`LOG_FILE ${file} cannot be opened for writing: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'LogFileError';
  }
}

/**
 * Appends log lines to standard output or to a file without blocking the event loop: lines that come while a write is
 * under way go out together with the next one. An outage is told on standard error, once, and costs no line until
 * MAX_BUFFER is full.
 */
export class LineDestination {
  private readonly sink: ReturnType<typeof destination>;
  private closed = false;
  private failing = false;
  private dropped = 0;

  private constructor(
    private readonly target: string | typeof STDOUT,
    private readonly warn: (text: string) => void,
  ) {
    this.sink = destination({ dest: target, append: true, mkdir: true, sync: false, maxLength: MAX_BUFFER });
    this.sink.on('error', (error: Error) => {
      if (!this.failing) this.warn(`cannot write the log to ${this.name}: ${error.message}`);
      this.failing = true;
    });
    this.sink.on('drop', () => (this.dropped += 1));
    this.sink.on('drain', () => {
      if (this.failing) this.warn(`the log is written to ${this.name} again, ${this.dropped} line(s) were lost`);
      this.failing = false;
      this.dropped = 0;
    });
  }

  static stdout(): LineDestination {
    return new LineDestination(STDOUT, toStderr);
  }

  /** @throws LogFileError when the file cannot be opened now. */
  static file(file: string, warn = toStderr): LineDestination {
    const path = resolve(file);
    try {
      mkdirSync(dirname(path), { recursive: true });
      closeSync(openSync(path, 'a'));
    } catch (error) {
      throw new LogFileError(file, error);
    }
    return new LineDestination(path, warn);
  }

  write(line: string): void {
    // What is said after the end (by a failing exit handler, say) is rare, and must not get lost either.
    if (this.closed) appendFileSync(this.target, line);
    else this.sink.write(line);
  }

  /** pino calls this after a fatal line. */
  flushSync(): void {
    if (!this.closed) this.sink.flushSync();
  }

  /** Opens the file of this name again, after logrotate has renamed the old one. No line is lost in between. */
  reopen(): void {
    if (!this.closed && this.target !== STDOUT) this.sink.reopen();
  }

  /** Resolves when every line is written. */
  close(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.closed = true;
    return new Promise((done) => {
      this.sink.once('close', done);
      // The last lines do not fit on the disk: shutting down must not wait for it.
      this.sink.once('error', () => {
        done();
      });
      this.sink.end();
    });
  }

  private get name(): string {
    return this.target === STDOUT ? 'standard output' : this.target;
  }
}

function toStderr(text: string): void {
  process.stderr.write(`${text}\n`);
}
