import type { Environment } from './setting.js';

const MOST_WARNINGS = 20;
/** Longer names are no slips of the settings, whose longest name is shorter. */
const LONGEST_NAME = 48;
/** An address that Docker and Kubernetes write for a service that is linked. */
const LINKED = /^(?:tcp|udp|sctp):\/\//;

/**
 * Returns a warning for each variable that is no setting but is spelled almost like one (`APP_PROT`). Names are compared
 * word by word, so that `DATABASE_SSL` does not pass for `DATABASE_URL`. Variables that Kubernetes writes for its services are
 * left out. Never repeats a value. The work is linear in the number of variables.
 */
export function findMisspelled(env: Environment, settings: readonly string[]): string[] {
  const known = new Set(settings);
  const services = listLinkedServices(env);
  const isLinked = (name: string): boolean =>
    name.split('_').some((_, index, words) => services.has(words.slice(0, index).join('_')));
  const warnings = Object.keys(env)
    .filter((name) => name.length <= LONGEST_NAME && !known.has(name) && !isLinked(name))
    .flatMap((name) => {
      const nearest = findNearest(name.toUpperCase(), settings);
      return nearest === undefined ? [] : [`${name} is no setting: did you mean ${nearest}?`];
    });
  const more = warnings.length - MOST_WARNINGS;
  return more > 0 ? [...warnings.slice(0, MOST_WARNINGS), `${more} more variables look like settings`] : warnings;
}

/** `APM` for a service `apm`, which has `APM_SERVICE_HOST` or `APM_PORT=tcp://…`. */
function listLinkedServices(env: Environment): Set<string> {
  const names = Object.entries(env).flatMap(([name, value]) => {
    if (name.endsWith('_SERVICE_HOST')) return [name.slice(0, -'_SERVICE_HOST'.length)];
    return name.endsWith('_PORT') && LINKED.test(value ?? '') ? [name.slice(0, -'_PORT'.length)] : [];
  });
  return new Set(names);
}

function findNearest(name: string, settings: readonly string[]): string | undefined {
  if (!name.includes('_')) return undefined;
  const words = name.split('_');
  let nearest: string | undefined;
  let least = 3;
  for (const setting of settings) {
    const distance = compareWords(words, setting.split('_'));
    if (distance < least) [nearest, least] = [setting, distance];
  }
  return nearest;
}

/** The slips in all words together; infinite if a word differs in more than a slip, or two for a long one. */
function compareWords(words: readonly string[], expected: readonly string[]): number {
  if (words.length !== expected.length) return words.join('') === expected.join('') ? 1 : Infinity;
  return expected.reduce((sum, word, index) => {
    const allowed = word.length < 3 ? 0 : word.length < 6 ? 1 : 2;
    const slips = countSlips(words[index] ?? '', word, allowed);
    return sum + (slips > allowed ? Infinity : slips);
  }, 0);
}

/** Letters to insert, delete, replace, or swap with their neighbour (optimal string alignment distance). */
function countSlips(word: string, expected: string, allowed: number): number {
  if (word === expected) return 0;
  if (Math.abs(word.length - expected.length) > allowed) return Infinity;
  let [before, last]: [number[], number[]] = [[], Array.from({ length: expected.length + 1 }, (_, index) => index)];
  for (let row = 1; row <= word.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= expected.length; column += 1) {
      const replaced = word[row - 1] === expected[column - 1] ? 0 : 1;
      const isSwap = word[row - 1] === expected[column - 2] && word[row - 2] === expected[column - 1];
      next[column] = Math.min(
        at(last, column) + 1,
        at(next, column - 1) + 1,
        at(last, column - 1) + replaced,
        isSwap ? at(before, column - 2) + 1 : Infinity,
      );
    }
    [before, last] = [last, next];
  }
  return at(last, expected.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
