import { hash } from 'node:crypto';
import { applyDecorators } from '@nestjs/common';
import { Matches, ValidateBy } from 'class-validator';
import { canonicalJson } from './canonical-json.js';
import { BadParameterError } from './error-catalogue.js';
import { field } from './field.decorators.js';

/** Characters. The longest is that of a list by name, with a name of 255 characters of 4 bytes or escapes of 6. */
const MAX_CURSOR = 2400;
const PATTERN = new RegExp(`^[A-Za-z0-9_-]{1,${MAX_CURSOR}}$`);
const CHECK_BYTES = 9;
/** Parameters of a list that are no filters: they may change from page to page. */
const NO_FILTERS = new Set(['page', 'page_size', 'skip', 'limit', 'cursor', 'explain']);

/**
 * What a cursor belongs to: a list with its filters and its order. A cursor is the sort keys of the last row that was
 * answered, behind a check sum of keys and scope, in base64url (docs/adr/0047). It is no secret and gives no access.
 */
export class CursorScope {
  private readonly text: string;

  /** `query`: the parameters of the request. Those that only choose the page do not count. */
  constructor(list: string, query: object, order: unknown) {
    const filters = Object.entries(query).filter(([name]) => !NO_FILTERS.has(name));
    this.text = canonicalJson([list, Object.fromEntries(filters), order]);
  }

  write(keys: readonly string[]): string {
    const body = Buffer.from(JSON.stringify(keys));
    return Buffer.concat([this.check(body), body]).toString('base64url');
  }

  /** Returns the keys. @throws BadParameterError (1001) for a damaged cursor, or one of another scope */
  read(cursor: string): string[] {
    const bytes = Buffer.from(cursor, 'base64url');
    const body = bytes.subarray(CHECK_BYTES);
    const isWhole = bytes.toString('base64url') === cursor && this.check(body).equals(bytes.subarray(0, CHECK_BYTES));
    const keys: unknown = isWhole ? JSON.parse(body.toString()) : undefined;
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) throw wrongCursor();
    return keys;
  }

  private check(body: Buffer): Buffer {
    return hash('sha256', Buffer.concat([Buffer.from(this.text), body]), 'buffer').subarray(0, CHECK_BYTES);
  }
}

/** 1001 for a cursor that does not belong to the request. */
export function wrongCursor(): BadParameterError {
  return new BadParameterError([
    {
      field: 'cursor',
      reason: 'must be the cursor of an answer of this list, with the same filters and the same sort',
    },
  ]);
}

/** The cursor of an earlier answer; `other`: the parameter that it takes the place of. */
export function CursorField(other: 'page' | 'skip'): PropertyDecorator {
  const isAlone = (object: object | undefined): boolean =>
    (object as Record<string, unknown> | undefined)?.[other] === undefined;
  return applyDecorators(
    field(
      {
        required: false,
        description: `Continues a list behind the last item of an earlier answer, which gave this cursor; not together with ${other}`,
      },
      { type: String, pattern: PATTERN.source, maxLength: MAX_CURSOR },
      Matches(PATTERN, { message: 'must be the cursor of an earlier answer' }),
    ),
    ValidateBy({
      name: 'aloneCursor',
      validator: {
        validate: (_, args) => isAlone(args?.object),
        defaultMessage: () => `must not be used together with ${other}`,
      },
    }),
  );
}
