import { prettyFactory } from 'pino-pretty';

/** Where lines for people go; `process.stdout` is one. */
export interface LogOutput {
  /** `done` gets the error when it could not be written. */
  write(text: string, done?: (error?: Error | null) => void): unknown;
  /** Coloured, multi-line output in place of JSON. */
  isTTY?: boolean;
}

/** Message of the line of a request. */
export const REQUEST_MESSAGE = 'request';
const REQUEST_END = `,"msg":"${REQUEST_MESSAGE}"}\n`;
const CONTROL = /\p{Cc}|\p{Zl}|\p{Zp}/gu;

/**
 * Shows control characters as escapes (`\u000a`). JSON does so below U+0020 only; the rest (C1, line separators) still
 * moves the cursor of some terminals and viewers.
 */
export function visible(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Turns JSON lines into text for a terminal. A message of many lines is indented, so that no part of it can pass for a
 * line of its own.
 */
export function prettyPrinter(colorize: boolean): (line: string) => string {
  const common = { colorize, translateTime: 'SYS:HH:MM:ss.l' };
  const printRequest = prettyFactory({ ...common, hideObject: true, messageFormat: describeRequest });
  const print = prettyFactory({
    ...common,
    singleLine: true,
    ignore: 'service,version,context',
    messageFormat: (log, key) => {
      const context = typeof log.context === 'string' ? `[${visible(log.context)}] ` : '';
      const message = typeof log[key] === 'string' ? log[key] : '';
      return context + message.split('\n').map(visible).join('\n    ');
    },
  });
  return (line) => (isRequest(line) ? printRequest(line) : print(line));
}

function isRequest(line: string): boolean {
  return line.endsWith(REQUEST_END) && line.includes('"duration_ms":');
}

/** `POST /api/v1/skills 201 9 ms admin`. The rest is in LOG_FILE. */
function describeRequest(log: Record<string, unknown>): string {
  const { method, path, status, duration_ms, client, error_code, aborted } = log as Record<string, string | undefined>;
  const parts = [
    ...[method, path, status, `${Math.round(Number(duration_ms))} ms`, client].filter((part) => part !== undefined),
    ...(error_code === undefined ? [] : [`(${error_code})`]),
    ...(aborted ? ['(aborted)'] : []),
  ];
  return visible(parts.join(' '));
}

/** Writes lines to an output that takes them one by one: as text for people to a terminal. Reports the first failure. */
export class LineOutput {
  /** Lines that could not be written. */
  droppedLines = 0;
  private readonly format: (line: string) => string;

  constructor(
    private readonly output: LogOutput,
    private readonly warn: (text: string) => void,
  ) {
    this.format = output.isTTY ? prettyPrinter(true) : (line) => line;
  }

  /** Each line is a write of its own. */
  get failedWrites(): number {
    return this.droppedLines;
  }

  write(line: string): void {
    this.output.write(this.format(line), (error) => {
      if (!error) return;
      this.droppedLines += 1;
      if (this.droppedLines === 1) this.warn(`cannot write the log to the terminal: ${error.message}`);
    });
  }
}
