import { MAX_BODY_VALUES } from './batch-route.decorator.js';
import { JsonText } from './json-text.js';

/** Deeper data takes the slow path, which explains the error. */
const MAX_DEPTH = 64;

/** A plain object, as parsers of bodies, query strings and paths create it. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return true;
  // Parsers of paths and query strings have an empty prototype of their own.
  return Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype).length === 0;
}

/**
 * Whether a value is JSON at all levels, and no larger than a body: it can be used as it is. In a list, whose length has a
 * rule of its own, each item may be as large as a body.
 */
export function isPlainData(value: unknown): boolean {
  if (!Array.isArray(value)) return isPlain(value, 0, { left: MAX_BODY_VALUES });
  // Gaps are undefined, too.
  for (const item of value) if (item === undefined || !isPlain(item, 1, { left: MAX_BODY_VALUES })) return false;
  return true;
}

function isPlain(value: unknown, depth: number, budget: { left: number }): boolean {
  if (value instanceof JsonText) return true;
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol';
  if (depth === MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const item of value) {
      budget.left -= 1;
      // Which gaps are, too.
      if (budget.left < 0 || item === undefined || !isPlain(item, depth + 1, budget)) return false;
    }
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    budget.left -= 1;
    if (budget.left < 0 || !isPlain((value as Record<string, unknown>)[key], depth + 1, budget)) return false;
  }
  return true;
}

/** Whether an object has more keys than `max`. It stops counting there. */
export function hasMoreKeys(object: object, max: number): boolean {
  let left = max;
  for (const _ in object) {
    left -= 1;
    if (left < 0) return true;
  }
  return false;
}

/** Whether a value, or an item of a list, holds more values than a body may. It stops counting there. */
export function isTooLarge(value: unknown): boolean {
  const isLarge = (item: unknown): boolean => hasMoreValues(item, MAX_BODY_VALUES);
  return Array.isArray(value) ? value.some(isLarge) : isLarge(value);
}

/** Whether lists and objects hold more values than `max`, at all levels. It stops counting there. */
export function hasMoreValues(value: unknown, max: number): boolean {
  const open = [value];
  let left = max;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object') continue;
    for (const key in next) {
      left -= 1;
      if (left < 0) return true;
      const item = (next as Record<string, unknown>)[key];
      if (typeof item === 'object' && item !== null) open.push(item);
    }
  }
  return false;
}
