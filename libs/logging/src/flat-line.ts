import type { LogLevel } from '#config';

/** Fields of a line; what is undefined is left out. */
export type FlatFields = Readonly<Record<string, string | number | boolean | undefined>>;
export type FlatWriter = (level: Exclude<LogLevel, 'silent'>, fields: FlatFields, message: string) => void;

/**
 * Writes lines as pino does (docs/operations.md), from plain values: pino, which takes objects of any shape, needs three
 * times as long for the line of a request, and there is one for each.
 */
export function flatWriter(base: Readonly<Record<string, string>>, write: (line: string) => void): FlatWriter {
  const constant = Object.entries(base)
    .map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join('');
  return (level, fields, message) => {
    let line = `{"level":"${level}","time":"${new Date().toISOString()}"${constant}`;
    for (const key in fields) {
      const value = fields[key];
      if (value !== undefined) line += `,"${key}":${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
    }
    write(`${line},"msg":${JSON.stringify(message)}}\n`);
  };
}
