import type { LogLevel } from '#config';

/** A text that is JSON already. */
export class JsonText {
  readonly json: string;

  constructor(text: string) {
    this.json = JSON.stringify(text);
  }
}

/** Fields of a line; what is undefined is left out. */
export type FlatFields = Readonly<Record<string, string | number | boolean | JsonText | undefined>>;
export type FlatWriter = (level: Exclude<LogLevel, 'silent'>, fields: FlatFields, message: string) => void;

/**
 * Writes lines as pino does (docs/operations.md), from plain values: pino, which takes objects of any shape, needs three
 * times as long for the line of a request, and there is one for each.
 */
export function flatWriter(base: Readonly<Record<string, string>>, write: (line: string) => void): FlatWriter {
  const constant = Object.entries(base)
    .map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join('');
  // Many lines are of the same millisecond.
  let millisecond = Number.NaN;
  let time = '';
  return (level, fields, message) => {
    const now = Date.now();
    if (now !== millisecond) {
      millisecond = now;
      time = new Date(now).toISOString();
    }
    let line = `{"level":"${level}","time":"${time}"${constant}`;
    for (const key in fields) {
      const value = fields[key];
      if (value !== undefined) line += `,"${key}":${jsonOf(value)}`;
    }
    write(`${line},"msg":${JSON.stringify(message)}}\n`);
  };
}

function jsonOf(value: string | number | boolean | JsonText): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' ? value.json : String(value);
}
