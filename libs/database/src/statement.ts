import { memoize } from '#common';
import type { Attributes } from '#tracing';

export interface Statement {
  /** Names a span: the operation and the first table (`SELECT skills`). */
  summary: string;
  attributes: Attributes;
}

/** Characters of a text that are told, and that are looked at. */
const MAX_TEXT = 2_048;

/** The first one that is named; a function is none. */
const TABLE = /\binto\s+"?(\w+)|\b(?:from|update|join)\s+(?:only\s+)?"?([a-z_]\w*)(?![\w(])/i;

/**
 * What is told of a statement: its text with `?` for whatever is a value. Values of callers are parameters ($1) and
 * never in it; should one get there, it would still not leave the process.
 */
// Some hundred statements, and one for each set of filters. Long ones hold the values of one request: no two are equal.
export const statementOf = memoize(describe, MAX_TEXT);

function describe(text: string): Statement {
  const masked = text
    .slice(0, MAX_TEXT)
    // A text that was cut in the middle ends there.
    .replace(/'(?:[^']|'')*(?:'|$)/g, '?')
    .replace(/\$(\w*)\$.*?(?:\$\1\$|$)/gs, '?')
    .replace(/(?<![\w$".])\d+(?:\.\d+)?\b/g, '?')
    .replace(/\s+/g, ' ')
    .trim();
  const operation = /^[a-z]+/i.exec(masked)?.[0].toUpperCase() ?? 'QUERY';
  const [, into, from] = TABLE.exec(masked) ?? [];
  const table = into ?? from;
  const summary = table === undefined ? operation : `${operation} ${table}`;
  return {
    summary,
    attributes: {
      'db.operation.name': operation,
      'db.collection.name': table,
      'db.query.summary': summary,
      'db.query.text': masked,
    },
  };
}
