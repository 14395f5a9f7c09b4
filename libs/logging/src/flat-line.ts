import type { LogLevel } from '#config';

/** Fields of a line; what is undefined is left out. */
export type FlatFields = Readonly<Record<string, string | number | boolean | undefined>>;
/** `members`: of the line's JSON object, as `jsonMembers` makes them. */
export type FlatWriter = (level: FlatLevel, members: string, message: string) => void;
/** Below errors, which have a file of their own (LOG_ERROR_FILE). */
export type FlatLevel = Exclude<LogLevel, 'silent' | 'error' | 'fatal'>;

/** Fields as members of a JSON object, each after a comma. */
export function jsonMembers(fields: FlatFields): string {
  let members = '';
  for (const key in fields) {
    const value = fields[key];
    if (value !== undefined) members += `,"${key}":${JSON.stringify(value)}`;
  }
  return members;
}

/**
 * Writes lines like pino (docs/operations.md), from members that are JSON already. pino takes objects of any shape, and
 * needs three times as long for the line of a request.
 */
export function flatWriter(base: Readonly<Record<string, string>>, write: (line: string) => void): FlatWriter {
  const constant = jsonMembers(base);
  // Many lines are of the same millisecond.
  let millisecond = Number.NaN;
  let time = '';
  return (level, members, message) => {
    const now = Date.now();
    if (now !== millisecond) {
      millisecond = now;
      time = new Date(now).toISOString();
    }
    write(`{"level":"${level}","time":"${time}"${constant}${members},"msg":${JSON.stringify(message)}}\n`);
  };
}
