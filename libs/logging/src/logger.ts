import type { LoggingSettings } from '#config';
import { type DestinationStream, multistream, pino, stdTimeFunctions } from 'pino';
import { flatWriter, jsonMembers } from './flat-line.js';
import { LineDestination } from './line-destination.js';
import { PinoLogger } from './pino-logger.js';
import { redactFields, redactText } from './redaction.js';
import { writeToStderr } from './standard-streams.js';
import { LineOutput, type LogOutput } from './terminal.js';
import { currentTrace } from './trace-context.js';

export interface ServiceLog {
  logger: PinoLogger;
  /** Lines lost since the start, because a file or standard output took none for too long. */
  readonly droppedLines: number;
  /** Writes to a file or to standard output that have failed since the start. */
  readonly failedWrites: number;
  /** Opens the files again, as SIGHUP does: logrotate has renamed them. Nothing to do without files. */
  reopen(): void;
  /** Writes what is still in memory and closes the files and removes the signal handler. Call it last. */
  close(): Promise<void>;
}

/**
 * The log of the service: JSON lines on standard output (text, when that is a terminal), in LOG_FILE too when it is
 * set, and those of errors in LOG_ERROR_FILE as well.
 * @throws LogFileError when one of the files cannot be written.
 */
export function createLogger(
  settings: LoggingSettings,
  app: { name: string; version: string; debug: boolean },
  output: LogOutput = process.stdout,
): ServiceLog {
  const base = { service: app.name, version: app.version };
  const ours: LineDestination[] = [];
  // Where standard error is broken too, one of the others still works.
  const warn = (text: string): void => {
    if (writeToStderr(text)) return;
    const other = ours.find(({ isFailing }) => !isFailing);
    if (!other) return;
    const write = flatWriter(base, (line) => {
      other.write(line);
    });
    write('warn', jsonMembers({ context: 'log' }), text);
  };
  const openFile = (setting: string, name: string | undefined): LineDestination | undefined =>
    name === undefined ? undefined : LineDestination.file(setting, name, warn);
  const stdout = output === process.stdout && !output.isTTY ? LineDestination.stdout(warn) : undefined;
  const file = openFile('LOG_FILE', settings.file);
  const errorFile = openFile('LOG_ERROR_FILE', settings.errorFile);
  ours.push(...[stdout, file, errorFile].filter((destination) => destination !== undefined));
  const first = stdout ?? new LineOutput(output, warn);
  const counting = new Set([first, ...ours]);
  const streams: DestinationStream[] = [first, ...(file ? [file] : [])];
  const root = pino(
    {
      level: settings.level,
      base,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (level) => ({ level }),
        log: (fields) => redactFields(fields, { causeStacks: app.debug }),
      },
      // Errors are described by redactFields already; pino would do so again, in its own way.
      serializers: { msg: redactText, err: (described: unknown) => described },
      mixin: () => {
        const trace = currentTrace();
        return trace ? { trace_id: trace.traceId } : {};
      },
    },
    // The level is decided above; a stream without one would drop what is below info.
    multistream([
      ...streams.map((stream) => ({ stream, level: 'trace' as const })),
      ...(errorFile ? [{ stream: errorFile, level: 'error' as const }] : []),
    ]),
  );
  const reopen = (): void => {
    for (const destination of ours) destination.reopen();
  };
  if (file ?? errorFile) process.on('SIGHUP', reopen);
  return {
    logger: new PinoLogger(
      root,
      flatWriter(base, (line) => {
        for (const stream of streams) stream.write(line);
      }),
    ),
    get droppedLines() {
      return [...counting].reduce((sum, { droppedLines }) => sum + droppedLines, 0);
    },
    get failedWrites() {
      return [...counting].reduce((sum, { failedWrites }) => sum + failedWrites, 0);
    },
    reopen,
    close: async () => {
      process.off('SIGHUP', reopen);
      await Promise.all(ours.map((destination) => destination.close()));
    },
  };
}
