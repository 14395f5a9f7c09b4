import { inspect } from 'node:util';
import type { LogLevel } from '#config';
import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';
import type { FlatLevel, FlatWriter } from './flat-line.js';

type Level = Exclude<LogLevel, 'silent'>;

/** Contexts of Nest's start: dozens of lines that only help to debug Nest. */
const FRAMEWORK = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);
/** Nest logs a failed start here before it throws the same error, which is logged by the code that catches it. */
const FAILED_START = 'ExceptionHandler';

/**
 * Nest's LoggerService on pino: `app.useLogger(logger)`, and every `new Logger('skills')` writes here. Nest passes the
 * context as the last argument, and for errors the stack before it. `verbose`, Nest's finest level, is pino's trace.
 */
export class PinoLogger implements LoggerService {
  /** `writeFlat` writes lines of plain values, for which pino does more than they need. */
  constructor(
    private readonly root: Logger,
    private readonly writeFlat: FlatWriter,
  ) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(rest.at(-1) === FAILED_START ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** One line with fields of its own; secrets in them are redacted like everywhere. */
  record(level: Level, fields: Record<string, unknown>, message: string): void {
    this.root[level](fields, message);
  }

  /** The same, in less time, for fields that are JSON (`jsonMembers`) and hold no secret any more (`redactText`). */
  recordFlat(level: FlatLevel, members: string, message: string): void {
    if (this.root.isLevelEnabled(level)) this.writeFlat(level, members, message);
  }

  isLevelEnabled(level: Level): boolean {
    return this.root.isLevelEnabled(level);
  }

  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    if (!this.root.isLevelEnabled(level)) return;
    const { text, fields } = readableLine(message, rest);
    this.record(level, fields, text);
  }
}

/** Must not fail: error handlers log whatever was thrown. */
function readableLine(message: unknown, rest: readonly unknown[]): ReturnType<typeof toLine> {
  try {
    return toLine(message, rest);
  } catch {
    return { text: 'something that cannot be read', fields: {} };
  }
}

/** Sorts the arguments of a LoggerService method by their types; Nest declares none. */
function toLine(message: unknown, rest: readonly unknown[]): { text: string; fields: Record<string, unknown> } {
  const fields: Record<string, unknown> = {};
  const texts: string[] = [];
  const parameters = [...rest];
  const last = parameters.at(-1);
  if (typeof last === 'string' && !isStack(last)) fields.context = parameters.pop();
  for (const part of [message, ...parameters]) {
    if (part instanceof Error) {
      fields.err ??= part;
      texts.push(part.message);
    } else if (typeof part === 'string' && isStack(part)) {
      fields.err ??= { stack: part };
    } else if (typeof part === 'object' && part !== null) {
      Object.assign(fields, Array.isArray(part) ? { values: part } : part);
    } else if (part !== undefined) {
      texts.push(typeof part === 'string' ? part : inspect(part));
    }
  }
  // The keys of the line itself are not the caller's to set: a second one would make two lines of one to some parsers.
  for (const key of ['level', 'time', 'service', 'version', 'trace_id', 'msg']) {
    if (key in fields) {
      fields[`${key}_`] = fields[key];
      Reflect.deleteProperty(fields, key);
    }
  }
  return { text: texts.join(' '), fields };
}

function isStack(text: string): boolean {
  return /\n\s+at /.test(text);
}
