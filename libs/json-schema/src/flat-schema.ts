import { FORMATS, SHAPES } from './keywords.js';
import type { JsonSchema, SchemaTree, Subschema } from './schema-tree.js';

/** The name of the keyword that counts the work. No schema of a caller has it: unknown keywords are left out. */
export const COST = 'cost';

/**
 * Copies a schema for Ajv. Only known keywords go in, so that no option of Ajv can be reached (`$async`, `$data`, `nullable`).
 * What references point to becomes a definition of its own, so that Ajv compiles every schema once, however often and
 * deep it is referred to. References in it are then of one form. Each schema gets its cost.
 */
export function flattenSchema({ root, nodes }: SchemaTree): JsonSchema {
  const targets = new Set<Subschema>();
  for (const { target } of nodes.values()) if (target) targets.add(target);
  const names = new Map<Subschema, string>();
  const definitions: [string, JsonSchema | boolean][] = [];
  const waiting: Subschema[] = [];

  const refer = (node: Subschema): JsonSchema => {
    let name = names.get(node);
    if (name === undefined) {
      name = `d${names.size}`;
      names.set(node, name);
      waiting.push(node);
    }
    return { $ref: `#/$defs/${name}` };
  };

  const copy = (node: Subschema): JsonSchema | boolean => {
    const { schema, target, children } = node;
    if (typeof schema === 'boolean') return schema;
    const kept = Object.entries(schema).filter(
      ([keyword, value]) => Object.hasOwn(SHAPES, keyword) && !isLeftOut(keyword, value),
    );
    const lists = new Map<string, (JsonSchema | boolean)[]>();
    const maps = new Map<string, [string, JsonSchema | boolean][]>();
    for (const { keyword, key, node: child } of children) {
      if (keyword === '$defs' || keyword === 'definitions') continue;
      const value = targets.has(child) ? refer(child) : copy(child);
      if (key === undefined) kept.push([keyword, value]);
      else if (typeof key === 'number') append(lists, keyword, value);
      else append(maps, keyword, [key, value]);
    }
    return {
      ...Object.fromEntries(kept),
      ...Object.fromEntries(lists),
      ...Object.fromEntries([...maps].map(([keyword, entries]) => [keyword, Object.fromEntries(entries)])),
      ...(target && refer(target)),
      [COST]: costOf(schema),
    };
  };

  const flat = targets.has(root) ? refer(root) : (copy(root) as JsonSchema);
  for (let node = waiting.pop(); node; node = waiting.pop()) definitions.push([names.get(node) ?? '', copy(node)]);
  return { ...flat, $defs: Object.fromEntries(definitions) };
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function isLeftOut(keyword: string, value: unknown): boolean {
  return keyword.startsWith('$') || (keyword === 'format' && !(FORMATS as readonly unknown[]).includes(value));
}

/** Grows with the keywords of a schema, and with the values and names in them, but not with the schemas in it. */
function costOf(schema: JsonSchema): number {
  let cost = 1;
  for (const [keyword, value] of Object.entries(schema)) {
    cost += 1;
    if (keyword === 'properties') cost += Object.keys(value as object).length / 4;
    else if (['const', 'required', 'dependentRequired'].includes(keyword)) cost += countValues(value);
  }
  return Math.ceil(cost);
}

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + countValues(item), 1);
}
