const names = new Map<string, string>();

/**
 * Declares a statement that runs often, with parameters ($1): each connection of the pool has PostgreSQL parse it once,
 * and plan it anew only while plans for the values at hand are better than one for all. For the larger ones of ours
 * that is more than half of what they cost. Not for statements whose best plan depends on the values: searches.
 *
 * Returns the text; who runs it runs a prepared statement. @throws Error when the name, or the text, is taken
 */
export function prepared(name: string, text: string): string {
  if (names.has(text) || [...names.values()].includes(name)) throw new Error(`${name} is declared twice`);
  names.set(text, name);
  return text;
}

/** Undefined: it was not declared. */
export function preparedNameOf(text: string): string | undefined {
  return names.get(text);
}
