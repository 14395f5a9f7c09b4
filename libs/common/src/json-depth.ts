/**
 * Levels of objects and arrays that a document from outside may nest. `JSON.parse` takes any depth, and `JSON.stringify`
 * fails at a few thousand levels: what is too deep has to be refused when it comes, not when it is stored or answered.
 */
export const MAX_JSON_DEPTH = 100;

/** Whether brackets outside of strings nest deeper than `levels`; one pass, without recursion. */
export function nestsDeeper(text: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === 0x5c) index += 1;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x7b || character === 0x5b) {
      depth += 1;
      if (depth > levels) return true;
    } else if (character === 0x7d || character === 0x5d) depth -= 1;
  }
  return false;
}

/** A document from outside; undefined when it is no JSON, or nests deeper than MAX_JSON_DEPTH levels. */
export function parseForeignJson(text: string): unknown {
  if (nestsDeeper(text, MAX_JSON_DEPTH)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
