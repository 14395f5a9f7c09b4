import { memoize } from '#common';
import type { Attributes } from '#tracing';

export interface Statement {
  /** Names a span: the operation and the first table (`SELECT skills`). */
  summary: string;
  attributes: Attributes;
}

/** Characters of a text that are recorded, and characters that are read. */
const MAX_TEXT = 2_048;

/** The first table that is named; functions do not count. */
const TABLE = /\binto\s+"?(\w+)|\b(?:from|update|join)\s+(?:only\s+)?"?([a-z_]\w*)(?![\w(])/i;

/**
 * Describes a statement for a span: its text with `?` for each value. Values of callers are parameters ($1) and so not in the
 * text; if one were, it would still not leave the process.
 */
// There are some hundred statements, and one for each set of filters. Long ones are not cached: they contain values of one
// request, so they do not repeat.
export const describeStatement = memoize(describe, MAX_TEXT);

function describe(text: string): Statement {
  const masked = text
    .slice(0, MAX_TEXT)
    // A quoted value that was cut off ends with the text.
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
