import type { ValidationOptions } from 'class-validator';
import { CheckedBy } from './fault.decorator.js';

/** Length in Unicode code points, which is what PostgreSQL's varchar(n) and JSON Schema's maxLength count. */
export function codePointLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Why a text must not be stored, or undefined. PostgreSQL stores neither NUL nor half a surrogate pair. */
export function textFault(value: unknown, min: number, max: number): string | undefined {
  if (typeof value !== 'string') return 'must be a string';
  // Cheap tests first: a code point is one or two UTF-16 units, so that most texts need not be counted.
  if (value.length > max && (value.length > max * 2 || codePointLength(value) > max)) {
    return `must have at most ${max} characters`;
  }
  if (min > 0 && value.trim() === '') return 'must not be blank';
  if (value.length < min * 2 && codePointLength(value) < min) return `must have at least ${min} characters`;
  if (value.includes('\u0000')) return 'must not contain the NUL character';
  if (!value.isWellFormed()) return 'must be well-formed Unicode';
  return undefined;
}

/** The text without what PostgreSQL cannot store: a replacement character stands for it. */
export function toStorable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

/**
 * Why a JSON value cannot be stored unchanged, or undefined. Escapes in JSON text hide NUL and lone surrogates. The levels must
 * be bounded.
 */
export function jsonValueFault(value: unknown): string | undefined {
  if (typeof value === 'string') return textFault(value, 0, Infinity);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'must hold finite numbers';
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const fault = textFault(key, 0, Infinity) ?? jsonValueFault(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Why a text cannot be the value of a header (RFC 9110 section 5.5), or undefined. Bytes beyond ASCII go as Latin-1. */
export function headerValueFault(text: string): string | undefined {
  return /^[\t\x20-\x7e\xa0-\xff]*$/.test(text)
    ? undefined
    : 'must be what a header can hold: no line break, no control character, nothing beyond Latin-1';
}

/** Why a text cannot be a path, with or without a query, or undefined. Other characters are percent-encoded later. */
export function pathFault(text: string): string | undefined {
  return /[\p{Cc}\\]/u.test(text) ? 'must be a path: no control character, no backslash' : undefined;
}

/** class-validator decorator over `textFault`. */
export function IsText(min: number, max: number, options?: ValidationOptions): PropertyDecorator {
  return CheckedBy('isText', (value) => textFault(value, min, max), options);
}
